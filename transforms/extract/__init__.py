"""Read pages, spans and blocks from files."""
