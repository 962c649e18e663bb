"""The graph of a run, and that of a stream."""
