"""Sends a message, and tries again if the connection fails."""

import time

from courier.message import Message
from courier.retry import RetryPolicy


class Client:
    def __init__(self, connection, policy=RetryPolicy(), sleep=time.sleep):
        self.connection = connection
        self.policy = policy
        self.sleep = sleep

    def send(self, message: Message) -> int:
        """Sends a message and returns the number of attempts that it took."""
        for attempt in range(self.policy.attempts):
            try:
                self.connection.write(message.encode())
                return attempt + 1
            except ConnectionError:
                if attempt + 1 == self.policy.attempts:
                    raise
                self.sleep(self.policy.delay(attempt))
        raise ValueError("a policy needs at least one attempt")
