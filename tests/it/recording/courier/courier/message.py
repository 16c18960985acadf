"""What is sent: a recipient and a body, framed by their lengths."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    recipient: str
    body: bytes

    def encode(self) -> bytes:
        name = self.recipient.encode("utf-8")
        return bytes([len(name)]) + name + len(self.body).to_bytes(4, "big") + self.body


def decode(frame: bytes) -> Message:
    end = 1 + frame[0]
    size = int.from_bytes(frame[end : end + 4], "big")
    return Message(frame[1:end].decode("utf-8"), frame[end + 4 : end + 4 + size])
