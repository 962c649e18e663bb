"""The tables of an output: what they hold, how they are read, and which files belong to which version."""
