"""Decide what to do about each listed document, from its listing and its row."""
