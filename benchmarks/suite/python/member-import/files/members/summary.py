from decimal import Decimal

from .importer import MemberList


def summary(found: MemberList) -> str:
    fees = sum((member.fee for member in found.members), Decimal(0))
    return f"{len(found.members)} members, {fees:.2f} a year, {found.skipped} lines skipped"
