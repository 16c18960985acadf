import inspect
import unittest

from alarms.digest import send_digest
from alarms.escalation import Alarm, Escalation
from alarms.rules import CRITICAL, Rule, check_all
from alarms.sender import Sender


class Oracle(unittest.TestCase):
    def setUp(self):
        self.out = []
        self.sender = Sender(lambda recipient, text: self.out.append((recipient, text)))

    def test_the_level_is_a_keyword_without_default(self):
        parameter = inspect.signature(Sender.send).parameters["level"]
        self.assertEqual(parameter.kind, inspect.Parameter.KEYWORD_ONLY)
        self.assertIs(parameter.default, inspect.Parameter.empty)
        with self.assertRaises(TypeError):
            self.sender.send("ann", "text")
        self.assertEqual((self.out, self.sender.sent), ([], 0))

    def test_the_text_has_the_level_before_it(self):
        for level in ("info", "warning", "critical"):
            self.sender.send("ann", "hot", level=level)
        texts = [text for _, text in self.out]
        self.assertEqual(texts, ["[INFO] hot", "[WARNING] hot", "[CRITICAL] hot"])
        self.assertEqual(self.sender.sent, 3)

    def test_other_levels_are_refused_and_nothing_is_sent(self):
        for level in ("WARNING", "debug", "", None):
            with self.assertRaises(ValueError):
                self.sender.send("ann", "hot", level=level)
        self.assertEqual((self.out, self.sender.sent), ([], 0))

    def test_rules_say_how_bad_it_is(self):
        rule = Rule("boiler", 80, "ann")
        self.assertEqual(CRITICAL, 1.5)
        self.assertFalse(rule.check(80, self.sender))
        self.assertTrue(rule.check(91, self.sender))
        self.assertTrue(rule.check(119.9, self.sender))
        self.assertTrue(rule.check(120, self.sender))
        self.assertEqual(
            self.out,
            [
                ("ann", "[WARNING] boiler: 91 °C"),
                ("ann", "[WARNING] boiler: 119.9 °C"),
                ("ann", "[CRITICAL] boiler: 120 °C"),
            ],
        )

    def test_all_rules_are_checked(self):
        rules = [Rule("boiler", 80, "ann"), Rule("pump", 40, "bob"), Rule("roof", 30, "bob")]
        alarms = check_all(rules, {"boiler": 81, "roof": 60}, self.sender)
        self.assertEqual(alarms, ["boiler", "roof"])
        self.assertEqual(
            self.out, [("ann", "[WARNING] boiler: 81 °C"), ("bob", "[CRITICAL] roof: 60 °C")]
        )

    def test_an_escalation_passes_the_level_on(self):
        chain = Escalation(self.sender, ["ann", "bob", "eve"])

        def wait(alarm):
            alarm.confirmed = len(self.out) == 2

        self.assertEqual(chain.run(Alarm("leak", "critical"), wait), 2)
        self.assertEqual(
            self.out,
            [
                ("ann", "[CRITICAL] please confirm: leak"),
                ("bob", "[CRITICAL] please confirm: leak"),
            ],
        )
        self.out.clear()
        self.assertEqual(chain.run(Alarm("noise"), lambda alarm: None), 3)
        self.assertEqual(self.out[2], ("eve", "[WARNING] please confirm: noise"))
        self.assertEqual(chain.run(Alarm("old", confirmed=True), lambda alarm: None), 0)

    def test_the_digest_is_info(self):
        send_digest(self.sender, ["ann", "bob"], {"pump": 1, "roof": 3, "boiler": 1})
        text = "[INFO] alarms today\nroof: 3\nboiler: 1\npump: 1"
        self.assertEqual(self.out, [("ann", text), ("bob", text)])
        send_digest(self.sender, ["eve"], {})
        self.assertEqual(self.out[-1], ("eve", "[INFO] alarms today\nno alarms"))
