#!/usr/bin/env python3
"""What a shared cache of vectors costs a large team: requests, bytes, dollars and time.

Plays a month day by day with the sizes of `indexer/src/shared/`: packs of 8 MB, heads of 67 KB, listings
of 1,000 names, at most one listing in ten minutes. Nothing is measured and nothing is
sent. `benches/shared_cost.py --help` lists what can be changed; docs/teams.md has the output.
"""

import argparse
import math

# As in indexer/src/shared/: pack.rs, directory.rs, requests.rs and read.rs.
PACK_BYTES = 8 << 20
MOST_ROWS = 4_096
KEY_BYTES = 16
ROWS_PER_BLOCK = 64
# Fixed bytes, and the longest name of who wrote it.
HEAD_START = 17 + 255
LONGEST_HEAD = HEAD_START + MOST_ROWS * KEY_BYTES + MOST_ROWS // ROWS_PER_BLOCK * KEY_BYTES
NAMES_PER_PAGE = 1_000
LISTING_SECONDS = 600
MOST_KEYS = 8_000_000
HEADS_AT_ONCE = 32
PACKS_AT_ONCE = 4

# List prices in US dollars, United States, standard class, as published in 2025: a month of a GB, a
# thousand PUT or LIST, a thousand GET, a GB to the internet beyond the free ones.
PRICES = [
    # name, GB-month, 1,000 writes, 1,000 reads, GB out, GB out that are free
    ("AWS S3, members outside AWS", 0.023, 0.005, 0.0004, 0.09, 100),
    ("AWS S3, all in one region", 0.023, 0.005, 0.0004, 0.0, 0),
    ("Cloudflare R2", 0.015, 0.0045, 0.00036, 0.0, 0),
    ("Google Cloud Storage", 0.020, 0.005, 0.0004, 0.12, 0),
    ("Azure Blob Storage (hot, LRS)", 0.018, 0.0055, 0.00044, 0.087, 100),
]


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--members", type=int, default=1_000, help="people with a clone")
    add("--chunks", type=int, default=100_000_000, help="different chunks of all repositories")
    add("--dimensions", type=int, default=1_024, help="numbers of a vector")
    add("--own", type=int, default=200_000, help="chunks of the repositories of one member")
    add("--new-clones", type=float, default=0.1, help="share of members with a fresh machine in a month")
    add("--churn", type=float, default=0.005, help="share of the chunks that is new each day")
    add("--ci-runs", type=int, default=2_000, help="runs of CI that write, each day")
    add("--hours", type=float, default=8, help="hours a day in which a member's index follows edits")
    add("--scatter", type=float, default=3, help="packs that are read for as many vectors as one holds")
    add("--days", type=int, default=20, help="working days of a month")
    add("--round-trip", type=float, default=0.05, help="seconds from request to answer")
    add("--megabits", type=float, default=100, help="bandwidth of a member in Mbit/s")
    add("--embedded-per-second", type=float, default=10, help="texts that a member's machine embeds")
    return parser.parse_args()


def rows_of_pack(dimensions):
    """Vectors that fit a pack beside the longest head."""
    return max(1, min(MOST_ROWS, (PACK_BYTES - LONGEST_HEAD) // (2 * dimensions)))


class Traffic:
    """Requests and bytes of somebody; heads are part of the reads."""

    def __init__(self):
        self.writes = self.lists = self.reads = self.heads = 0
        self.down = self.up = 0

    def add(self, other, times=1):
        self.writes += other.writes * times
        self.lists += other.lists * times
        self.reads += other.reads * times
        self.heads += other.heads * times
        self.down += other.down * times
        self.up += other.up * times

    def seconds(self, given):
        """Round trips overlap, as many as are under way at a time; bytes do not."""
        vectors = self.reads - self.heads
        trips = self.lists + math.ceil(self.heads / HEADS_AT_ONCE) + math.ceil(vectors / PACKS_AT_ONCE)
        return trips * given.round_trip + self.down * 8 / (given.megabits * 1e6)


def head_bytes(rows, dimensions):
    """A request for a head asks for the longest one, or for all of a smaller pack."""
    whole = HEAD_START + rows * (2 * dimensions + KEY_BYTES) + math.ceil(rows / ROWS_PER_BLOCK) * KEY_BYTES
    return min(LONGEST_HEAD, whole)


def listing(packs):
    traffic = Traffic()
    traffic.lists = max(1, math.ceil(packs / NAMES_PER_PAGE))
    # A name, its size, its time and its tag take about 350 bytes of XML.
    traffic.down = packs * 350
    return traffic


def heads(packs, rows, given):
    traffic = Traffic()
    traffic.reads = traffic.heads = packs
    traffic.down = packs * head_bytes(rows, given.dimensions)
    return traffic


def vectors(count, given, rows):
    """What was written together is read together, but for what lies in other packs."""
    traffic = Traffic()
    traffic.reads = math.ceil(count / rows * given.scatter)
    # Each request reads whole blocks.
    traffic.down = (count + traffic.reads * ROWS_PER_BLOCK) * 2 * given.dimensions
    return traffic


def play(given):
    """A month: what the store holds, what writers and readers move, and how long one reader waits."""
    rows = rows_of_pack(given.dimensions)
    row_bytes = 2 * given.dimensions + KEY_BYTES
    # A machine looks through eight million keys, so a larger company has a prefix for each group.
    groups = max(1, math.ceil(given.chunks / MOST_KEYS))
    packs = math.ceil(given.chunks / groups / rows)
    new_a_day = int(given.chunks * given.churn)
    runs = max(1, given.ci_runs // groups)
    small = math.ceil(new_a_day / groups / runs)
    merged = math.ceil(new_a_day / groups / rows)

    writers, readers = Traffic(), Traffic()
    first = listing(packs)
    first.add(heads(packs, rows, given))
    first.add(vectors(given.own, given, rows))

    fill = Traffic()
    fill.writes = packs * groups
    fill.up = given.chunks * row_bytes

    for _ in range(given.days):
        # Each run of CI lists once, knows all but today's packs, and writes one.
        run = listing(packs)
        run.add(heads(runs // 2, small, given))
        run.writes, run.up = 1, small * row_bytes
        writers.add(run, runs * groups)
        # At night the packs of the day are merged.
        night = listing(packs + runs)
        night.reads, night.down = runs, new_a_day / groups * row_bytes
        night.writes, night.up = merged, new_a_day / groups * row_bytes
        writers.add(night, groups)
        # A member lists while the index follows edits, and reads the heads of what is new.
        day = Traffic()
        day.add(listing(packs), int(given.hours * 3600 / LISTING_SECONDS))
        day.add(heads(runs, small, given))
        day.add(heads(merged, rows, given))
        day.add(vectors(int(given.own * given.churn), given, rows))
        readers.add(day, given.members)
        packs += merged
    fresh = int(given.members * given.new_clones)
    readers.add(first, fresh)
    stored = given.chunks * (1 + given.churn * given.days) * row_bytes
    return {
        "rows": rows, "groups": groups, "stored": stored, "fill": fill, "writers": writers,
        "readers": readers, "first": first, "day": day, "fresh": fresh,
    }


def number(value):
    for limit, name in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.1f} {name}"
    return f"{value:.0f}"


def size(value):
    for limit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if value >= limit:
            return f"{value / limit:.1f} {name}"
    return f"{value:.0f} B"


def time(seconds):
    if seconds >= 5_400:
        return f"{seconds / 3_600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 100 else f"{seconds:.1f} s"


def main():
    given = arguments()
    month = play(given)
    print(f"{given.members:,} members, {given.chunks:,} chunks of {given.dimensions:,} numbers, "
          f"{month['groups']} prefix{'es' if month['groups'] > 1 else ''}")
    print(f"stored after a month: {size(month['stored'])}, packs of {month['rows']:,} vectors")
    print()
    rows = [("first fill", month["fill"]), ("writers (CI)", month["writers"]), ("readers", month["readers"])]
    print(f"{'a month':<14}{'PUT':>10}{'LIST':>10}{'GET':>10}{'up':>11}{'down':>11}")
    for name, it in rows:
        print(f"{name:<14}{number(it.writes):>10}{number(it.lists):>10}{number(it.reads):>10}"
              f"{size(it.up):>11}{size(it.down):>11}")
    print()
    first, day = month["first"].seconds(given), month["day"].seconds(given)
    alone = given.own / given.embedded_per_second
    print(f"fresh clone with {given.own:,} chunks at {given.megabits:.0f} Mbit/s: {time(first)} "
          f"({size(month['first'].down)}); embedding them here: {time(alone)}")
    print(f"a day of one member: {time(day)} of transfer in the background "
          f"({size(month['day'].down)})")
    saved = month["fresh"] * alone + given.members * given.days * given.own * given.churn / given.embedded_per_second
    print(f"computing time that readers save in a month: {number(saved / 3_600)} h")
    print()
    print(f"{'US dollars a month':<32}{'storage':>9}{'PUT, LIST':>11}{'GET':>9}{'out':>9}{'all':>9}{'a member':>10}")
    use = Traffic()
    use.add(month["writers"])
    use.add(month["readers"])
    for name, gb, thousand_writes, thousand_reads, out, free in PRICES:
        storage = month["stored"] / 1e9 * gb
        writes = (use.writes + use.lists) / 1e3 * thousand_writes
        reads = use.reads / 1e3 * thousand_reads
        # CI runs where the bucket is.
        sent = max(0, month["readers"].down / 1e9 - free) * out
        total = storage + writes + reads + sent
        print(f"{name:<32}{storage:>9.2f}{writes:>11.2f}{reads:>9.2f}{sent:>9.2f}{total:>9.2f}"
              f"{total / given.members:>10.3f}")


if __name__ == "__main__":
    main()
