"""When to try again, and for how long to wait before."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How often a message is tried, and the delays between the attempts, in seconds."""

    attempts: int = 5
    base: float = 0.5
    limit: float = 30.0
    jitter: float = 0.0

    def delay(self, attempt: int) -> float:
        """The delay after a failed attempt; the first one is number 0."""
        delay = min(self.base * 2 * attempt, self.limit)
        return delay * (1 + random.uniform(0, self.jitter))


NEVER = RetryPolicy(attempts=1)
