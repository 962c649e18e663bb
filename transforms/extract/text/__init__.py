"""Plain and delimited text, and what the formats made of text share."""
