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
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for row in reader:
            email = row["email"].strip().lower()
            if not email:
                skipped += 1
                continue
            fee = Decimal(row["fee"].strip())
            found[email] = Member(email, row["name"].strip(), fee)
    return MemberList(list(found.values()), skipped)
