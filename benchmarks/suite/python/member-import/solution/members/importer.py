import csv
from dataclasses import dataclass, field
from decimal import Decimal
from typing import List


@dataclass(frozen=True)
class Member:
    email: str
    name: str
    fee: Decimal


@dataclass
class MemberList:
    members: List[Member] = field(default_factory=list)
    skipped: int = 0


def read_members(path) -> MemberList:
    """Reads a list of members. Of lines with the same email, the last one counts."""
    found = {}
    skipped = 0
    # A spreadsheet writes a byte order mark, semicolons, and decimal commas.
    with open(path, newline="", encoding="utf-8-sig") as file:
        header = file.readline()
        delimiter = ";" if ";" in header else ","
        names = next(csv.reader([header], delimiter=delimiter), [])
        names = [name.strip().lower() for name in names]
        for row in csv.DictReader(file, names, delimiter=delimiter):
            email = part(row, "email").lower()
            if not email:
                skipped += 1
                continue
            name = part(row, "name") or email.split("@")[0]
            found[email] = Member(email, name, amount(part(row, "fee")))
    return MemberList(list(found.values()), skipped)


def part(row, name) -> str:
    return (row.get(name) or "").strip()


def amount(text) -> Decimal:
    if "," in text:
        text = text.replace(".", "").replace(",", ".")
    return Decimal(text or 0)
