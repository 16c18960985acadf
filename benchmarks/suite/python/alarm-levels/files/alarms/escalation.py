from dataclasses import dataclass
from functools import partial


@dataclass
class Alarm:
    text: str
    level: str = "warning"
    confirmed: bool = False


class Escalation:
    """Tells one after the other, until somebody confirms the alarm."""

    def __init__(self, sender, chain):
        self._steps = [partial(sender.send, recipient) for recipient in chain]

    def run(self, alarm, wait):
        """Returns how many were told. `wait` is called after each of them."""
        told = 0
        for step in self._steps:
            if alarm.confirmed:
                break
            step(f"please confirm: {alarm.text}")
            told += 1
            wait(alarm)
        return told
