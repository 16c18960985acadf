#!/usr/bin/env python3
"""What a shared cache of vectors costs a company, on paper: `shared_cost.py [members] [chunks]`.

The numbers of a store are parameters at the top: prices of S3 in its home region, latency and
throughput of a member's connection. The sizes are those of the format of packs (see
docs/shared_cache.md). It prints a row for each event in the life of a cache.
"""

import sys

PRICE_GB_MONTH = 0.023
PRICE_PUT = 0.005 / 1_000  # LIST costs the same
PRICE_GET = 0.0004 / 1_000
PRICE_GB_OUT = 0.09
SECONDS_PER_REQUEST = 0.05
MEGABYTES_PER_SECOND = 12.5  # 100 Mbit/s

DIMENSION = 1_024
ROW = 2 * DIMENSION
ROWS_PER_PACK = 4_063
HEAD = 66_832
MOST_KEYS = 8_000_000
PAGE = 1_000
HEADS_AT_ONCE = 32
PACKS_AT_ONCE = 4
EMBEDDED_PER_SECOND = 5  # on a CPU


def reading(chunks_in_store, chunks_wanted, known_packs=0):
    """Requests, bytes and seconds of one run of a reader."""
    packs = -(-chunks_in_store // ROWS_PER_PACK)
    lists = -(-packs // PAGE)
    heads = max(0, min(packs, MOST_KEYS // ROWS_PER_PACK) - known_packs)
    # What one run needs was written together, but for the edges.
    gets = -(-chunks_wanted // ROWS_PER_PACK) * 2 if chunks_wanted else 0
    read = heads * HEAD + chunks_wanted * ROW * 1.1
    waiting = lists + heads / HEADS_AT_ONCE + gets / PACKS_AT_ONCE
    seconds = waiting * SECONDS_PER_REQUEST + read / 1e6 / MEGABYTES_PER_SECOND
    cost = lists * PRICE_PUT + (heads + gets) * PRICE_GET + read / 1e9 * PRICE_GB_OUT
    return lists + heads + gets, read, seconds, cost


def row(what, members, requests, read, seconds, cost):
    print(
        f"| {what} | {members * requests:,.0f} | {members * read / 1e9:,.1f} GB "
        f"| {seconds:,.1f} s | {members * cost:,.2f} USD |"
    )


def main():
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    chunks = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000_000
    repository = 41_520
    prefixes = -(-chunks // MOST_KEYS)
    under_one = chunks // prefixes
    packs = -(-chunks // ROWS_PER_PACK)
    size = packs * HEAD + chunks * ROW
    print(f"{members:,} members, {chunks:,} chunks in {prefixes} prefixes of {under_one:,}")
    print(f"stored: {packs:,} packs, {size / 1e9:,.0f} GB, {size / 1e9 * PRICE_GB_MONTH:,.2f} USD a month")
    print(f"written once: {packs * PRICE_PUT:,.2f} USD")
    days = chunks / EMBEDDED_PER_SECOND / 86_400
    print(f"embedded once at {EMBEDDED_PER_SECOND} a second: {days:,.0f} days of one machine\n")
    print("| event | requests of all | bytes of all | time of one | cost of all |")
    print("| --- | --- | --- | --- | --- |")
    known = -(-under_one // ROWS_PER_PACK)
    row("first clone of each member", members, *reading(under_one, repository))
    row("another clone", members, *reading(under_one, repository, known))
    row("a day: 200 new chunks, 20 new packs", members, *reading(under_one, 200, known - 20))
    row("all under one prefix, first clone", members, *reading(chunks, repository))


main()
