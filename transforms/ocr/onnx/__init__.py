"""The engine of PP-OCR networks: find lines, turn them, read them."""
