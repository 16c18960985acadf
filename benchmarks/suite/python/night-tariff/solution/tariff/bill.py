from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Dict, Iterable

from .bands import Tariff

OTHER = "other"


@dataclass(frozen=True)
class Reading:
    """What was used in the quarter of an hour from `at` on."""

    at: datetime
    kwh: Decimal


@dataclass
class Bill:
    """Amounts in cents: by band, in the order in which they occur, and in all."""

    by_band: Dict[str, int] = field(default_factory=OrderedDict)
    total: int = 0


def cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def make_bill(tariff: Tariff, readings: Iterable[Reading]) -> Bill:
    exact = OrderedDict()
    for reading in readings:
        band = tariff.band_at(reading.at.time())
        name = band.name if band else OTHER
        price = band.price if band else tariff.other
        exact[name] = exact.get(name, Decimal(0)) + reading.kwh * price
    bill = Bill()
    for name, amount in exact.items():
        bill.by_band[name] = cents(amount)
    bill.total = cents(sum(exact.values(), Decimal(0)))
    return bill
