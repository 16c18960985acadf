import builtins
import dataclasses
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from shiftreport import report, shifts
from shiftreport.shifts import Shift, load_shifts, minutes_by_person

FILE = """# person; begins; ends; minutes of pause
Zoe; 08:00; 12:30; 15
  Ben & Co ;22:00; 06:00; 45

Zoe; 13:00; 17:00;
Ada; 09:00; 09:30; 30
Zoe; 18:00; 18:00; 60
"""

TEXT = """Ada            0:00
Ben & Co       7:15
Zoe           31:15
all           38:30
night shifts: 2
"""

HTML = (
    "<table><tr><td>Zoe</td><td>31.25</td></tr>"
    "<tr><td>Ben &amp; Co</td><td>7.25</td></tr></table>\n"
)


class Oracle(unittest.TestCase):
    def setUp(self):
        handle, self.path = tempfile.mkstemp()
        self.addCleanup(os.remove, self.path)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(FILE)

    def test_the_reports_are_the_same(self):
        self.assertEqual(report.text_report(self.path), TEXT)
        self.assertEqual(report.html_report(self.path), HTML)

    def test_an_empty_file_has_reports(self):
        with open(self.path, "w", encoding="utf-8"):
            pass
        self.assertEqual(
            report.text_report(self.path), "all            0:00\nnight shifts: 0\n"
        )
        self.assertEqual(report.html_report(self.path), "<table></table>\n")

    def test_the_program_prints_them(self):
        for kind, expected in (("text", TEXT), ("html", HTML)):
            command = [sys.executable, "-B", "-m", "shiftreport", kind, self.path]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            self.assertEqual(output, expected)

    def test_shifts_are_loaded_in_order(self):
        self.assertEqual(
            list(load_shifts(self.path)),
            [
                Shift("Zoe", 255, False),
                Shift("Ben & Co", 435, True),
                Shift("Zoe", 240, False),
                Shift("Ada", 0, False),
                Shift("Zoe", 1380, True),
            ],
        )

    def test_a_shift_is_frozen_and_has_named_fields(self):
        shift = Shift(person="Ada", minutes=5, is_night=False)
        with self.assertRaises(dataclasses.FrozenInstanceError):
            shift.minutes = 6

    def test_minutes_are_added_up_by_person(self):
        given = [Shift("b", 5, False), Shift("a", 1, True), Shift("b", 2, False)]
        self.assertEqual(list(minutes_by_person(given).items()), [("b", 7), ("a", 1)])
        self.assertEqual(minutes_by_person([]), {})

    def test_both_reports_use_the_new_functions(self):
        given = [Shift("Eve", 90, True), Shift("Bob", 0, False)]
        fake = mock.Mock(return_value=given)
        real_open = builtins.open

        def closed(path, *rest, **named):
            if path == "no-such-file":
                raise AssertionError("a report opens the file itself")
            return real_open(path, *rest, **named)

        with mock.patch.object(shifts, "load_shifts", fake), mock.patch("builtins.open", closed):
            if hasattr(report, "load_shifts"):
                report.load_shifts, before = fake, report.load_shifts
                self.addCleanup(setattr, report, "load_shifts", before)
            text = report.text_report("no-such-file")
            page = report.html_report("no-such-file")
        self.assertEqual(
            text, "Bob            0:00\nEve            1:30\nall            1:30\nnight shifts: 1\n"
        )
        self.assertEqual(page, "<table><tr><td>Eve</td><td>1.50</td></tr></table>\n")
