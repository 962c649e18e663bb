"""Shared by stages - guard, parser processes, stores, counters."""
