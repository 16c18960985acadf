import unittest
from datetime import datetime, time
from decimal import Decimal

from tariff import Band, Reading, Tariff, make_bill


class BillTest(unittest.TestCase):
    def test_a_band_within_the_day(self):
        noon = Band("noon", time(11), time(14), Decimal("20"))
        tariff = Tariff([noon], Decimal("30"))
        readings = [
            Reading(datetime(2024, 3, 1, 10, 45), Decimal("1")),
            Reading(datetime(2024, 3, 1, 11, 0), Decimal("2")),
            Reading(datetime(2024, 3, 1, 14, 0), Decimal("1")),
        ]
        bill = make_bill(tariff, readings)
        self.assertEqual(dict(bill.by_band), {"other": 60, "noon": 40})
        self.assertEqual(bill.total, 100)


if __name__ == "__main__":
    unittest.main()
