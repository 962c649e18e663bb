"""Decide which pages need OCR, read their images, and put the text into the page."""
