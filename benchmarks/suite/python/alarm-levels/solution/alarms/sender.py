LEVELS = ("info", "warning", "critical")


class Sender:
    """Sends texts by a transport: a function of recipient and text."""

    def __init__(self, transport):
        self._transport = transport
        self.sent = 0

    def send(self, recipient, text, *, level):
        if level not in LEVELS:
            raise ValueError(f"unknown level: {level!r}")
        self._transport(recipient, f"[{level.upper()}] {text}")
        self.sent += 1
