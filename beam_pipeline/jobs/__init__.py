"""Runs from their start to their end: on this machine, on clusters, as streams, and upkeep."""
