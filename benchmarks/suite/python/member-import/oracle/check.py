import os
import tempfile
import unittest
from decimal import Decimal

from members.importer import Member, read_members
from members.summary import summary


class Oracle(unittest.TestCase):
    def read(self, text, encoding="utf-8"):
        handle, path = tempfile.mkstemp(suffix=".csv")
        self.addCleanup(os.remove, path)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode(encoding))
        return read_members(path)

    def test_the_old_sample_is_read_as_before(self):
        found = read_members("samples/old.csv")
        self.assertEqual(
            found.members,
            [
                Member("ann@example.org", "Ann Oar-Blade", Decimal("120.00")),
                Member("bob@example.org", "Bob Scull", Decimal("95.50")),
            ],
        )
        self.assertEqual(found.skipped, 1)
        self.assertEqual(summary(found), "2 members, 215.50 a year, 1 lines skipped")

    def test_the_new_sample_is_read(self):
        found = read_members("samples/treasurer.csv")
        self.assertEqual(
            found.members,
            [
                Member("ann@example.org", "Ann Oar", Decimal("120.00")),
                Member("bob@example.org", "Scull; Bob", Decimal("95.50")),
                Member("carl@example.org", "carl", Decimal("1200.00")),
                Member("dora@example.org", "Dora Stern", Decimal(0)),
            ],
        )
        self.assertEqual(found.skipped, 2)

    def test_the_invisible_sign_at_the_beginning_is_optional(self):
        rows = "Email;Name;Fee\r\nann@example.org;Ann;7,5\r\n"
        for encoding in ("utf-8", "utf-8-sig"):
            found = self.read(rows, encoding)
            expected = [Member("ann@example.org", "Ann", Decimal("7.5"))]
            self.assertEqual(found.members, expected, encoding)

    def test_old_lists_with_the_sign_and_missing_parts(self):
        found = self.read(
            "email,name,fee\nann@example.org\nbob@example.org,,\n,Nobody,3\nc@x.org,\"C, D\",1.50\n",
            "utf-8-sig",
        )
        self.assertEqual(
            found.members,
            [
                Member("ann@example.org", "ann", Decimal(0)),
                Member("bob@example.org", "bob", Decimal(0)),
                Member("c@x.org", "C, D", Decimal("1.50")),
            ],
        )
        self.assertEqual(found.skipped, 1)

    def test_blank_parts_are_missing_parts(self):
        found = self.read("email;name;fee\n ;x;1\nann@example.org;  ; \n")
        self.assertEqual(found.members, [Member("ann@example.org", "ann", Decimal(0))])
        self.assertEqual(found.skipped, 1)

    def test_an_empty_list_is_empty(self):
        for text in ("email,name,fee\n", "\ufeffName;Email;Fee\r\n"):
            found = self.read(text)
            self.assertEqual((found.members, found.skipped), ([], 0))
