from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import List


@dataclass(frozen=True)
class Band:
    """A part of each day with its own price.

    It contains its beginning, but not its end. A band that begins and ends at the same time
    is the whole day.
    """

    name: str
    begins: time
    ends: time
    price: Decimal  # cents per kWh

    def contains(self, moment: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= moment < self.ends
        if self.begins == self.ends:
            return True
        return moment >= self.begins or moment < self.ends


@dataclass(frozen=True)
class Tariff:
    """Bands, the first one that fits counts; and the price of all other times."""

    bands: List[Band]
    other: Decimal

    def band_at(self, moment: time):
        for band in self.bands:
            if band.contains(moment):
                return band
        return None
