"""Bring bytes to the local cache."""
