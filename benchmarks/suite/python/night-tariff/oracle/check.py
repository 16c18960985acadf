import unittest
from datetime import datetime, time
from decimal import Decimal

from tariff import Band, Reading, Tariff, make_bill

NIGHT = Band("night", time(22), time(6), Decimal("18.5"))
TARIFF = Tariff([NIGHT], Decimal("31.4"))


def readings(*items):
    return [Reading(datetime(2024, 3, 1, hour, minute), Decimal(kwh)) for hour, minute, kwh in items]


class Oracle(unittest.TestCase):
    def test_night_contains_both_sides_of_midnight(self):
        for moment, expected in [
            (time(21, 59, 59), False),
            (time(22), True),
            (time(23, 45), True),
            (time(0), True),
            (time(5, 59), True),
            (time(6), False),
            (time(12), False),
        ]:
            self.assertEqual(NIGHT.contains(moment), expected, moment)

    def test_other_bands_are_as_before(self):
        noon = Band("noon", time(11), time(14), Decimal("20"))
        self.assertTrue(noon.contains(time(11)))
        self.assertFalse(noon.contains(time(14)))
        self.assertFalse(noon.contains(time(23)))
        until_midnight = Band("late", time(20), time(0), Decimal("20"))
        self.assertTrue(until_midnight.contains(time(23, 59)))
        self.assertFalse(until_midnight.contains(time(0)))
        whole = Band("all", time(7), time(7), Decimal("20"))
        self.assertTrue(whole.contains(time(3)) and whole.contains(time(7)))

    def test_the_first_band_that_fits_counts(self):
        tariff = Tariff([Band("deep", time(1), time(3), Decimal("9")), NIGHT], Decimal("30"))
        self.assertEqual(tariff.band_at(time(2)).name, "deep")
        self.assertEqual(tariff.band_at(time(3)).name, "night")
        self.assertIsNone(tariff.band_at(time(15)))

    def test_a_bill_across_midnight(self):
        bill = make_bill(TARIFF, readings((21, 45, "1"), (22, 0, "2"), (0, 15, "4"), (6, 0, "1")))
        self.assertEqual(dict(bill.by_band), {"other": 63, "night": 111})
        self.assertEqual(list(bill.by_band), ["other", "night"])
        self.assertEqual(bill.total, 174)

    def test_the_total_is_rounded_once(self):
        # 96 readings of 0.01 kWh: 0.314 cents each.
        bill = make_bill(TARIFF, readings(*[(12, 0, "0.01")] * 96))
        self.assertEqual(bill.total, 30)
        self.assertEqual(dict(bill.by_band), {"other": 30})

    def test_bands_are_rounded_each_for_itself(self):
        tariff = Tariff([Band("noon", time(11), time(14), Decimal("1"))], Decimal("1"))
        bill = make_bill(tariff, readings((12, 0, "10.5"), (15, 0, "10.5")))
        self.assertEqual(dict(bill.by_band), {"noon": 11, "other": 11})
        self.assertEqual(bill.total, 21)

    def test_half_a_cent_is_rounded_up(self):
        tariff = Tariff([], Decimal("1"))
        for kwh, expected in [("0.5", 1), ("2.5", 3), ("2.4999", 2), ("0", 0)]:
            bill = make_bill(tariff, readings((12, 0, kwh)))
            self.assertEqual((bill.total, bill.by_band["other"]), (expected, expected), kwh)
            self.assertIsInstance(bill.total, int)

    def test_nothing_used_is_an_empty_bill(self):
        bill = make_bill(TARIFF, iter([]))
        self.assertEqual((dict(bill.by_band), bill.total), ({}, 0))
