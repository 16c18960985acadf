"""Sends messages over connections that fail."""
