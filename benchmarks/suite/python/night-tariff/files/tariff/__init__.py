"""Bills for electricity with prices that depend on the time of day."""

from .bands import Band, Tariff
from .bill import Bill, Reading, make_bill

__all__ = ["Band", "Bill", "Reading", "Tariff", "make_bill"]
