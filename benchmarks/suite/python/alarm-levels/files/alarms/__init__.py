"""Alarms of a heating plant."""
