"""What every stage does to a part: call a function under the guard, beside the pool, and count."""
