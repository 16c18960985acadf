def send_digest(sender, recipients, counts):
    """Sends the number of alarms of the day, the most frequent first."""
    if not counts:
        lines = ["no alarms"]
    else:
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        lines = [f"{sensor}: {count}" for sensor, count in ordered]
    text = "\n".join(["alarms today", *lines])
    deliver = sender.send
    for recipient in recipients:
        deliver(recipient, text)
