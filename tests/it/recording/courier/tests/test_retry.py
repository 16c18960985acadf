import unittest

from courier.client import Client
from courier.message import Message
from courier.retry import RetryPolicy


class Failing:
    def __init__(self, failures):
        self.failures = failures

    def write(self, frame):
        if self.failures:
            self.failures -= 1
            raise ConnectionError


class RetryTest(unittest.TestCase):
    def test_each_delay_is_twice_the_one_before(self):
        waited = []
        Client(Failing(3), sleep=waited.append).send(Message("ada", b"hello"))
        self.assertEqual(waited, [0.5, 1.0, 2.0])

    def test_no_delay_exceeds_the_limit(self):
        self.assertEqual(RetryPolicy(limit=4.0).delay(20), 4.0)
