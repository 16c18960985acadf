class Sender:
    """Sends texts by a transport: a function of recipient and text."""

    def __init__(self, transport):
        self._transport = transport
        self.sent = 0

    def send(self, recipient, text):
        self._transport(recipient, text)
        self.sent += 1
