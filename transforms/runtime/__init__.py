"""What every room may use: guard, locks, packing, what a process has one of."""
