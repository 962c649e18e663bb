"""Turn pages of spans or blocks into ordered, typed elements."""
