from dataclasses import dataclass

# So many times the limit is critical.
CRITICAL = 1.5


@dataclass(frozen=True)
class Rule:
    """Tells somebody when a sensor is above its limit."""

    sensor: str
    limit: float
    recipient: str

    def check(self, value, sender):
        """Whether the value is above the limit; then the recipient is told."""
        if value <= self.limit:
            return False
        level = "critical" if value >= CRITICAL * self.limit else "warning"
        sender.send(self.recipient, f"{self.sensor}: {value:g} °C", level=level)
        return True


def check_all(rules, values, sender):
    """Checks every rule whose sensor has a value; returns the sensors with an alarm."""
    return [
        rule.sensor
        for rule in rules
        if rule.sensor in values and rule.check(values[rule.sensor], sender)
    ]
