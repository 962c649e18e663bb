"""Data files: rows in columns, in every format that tables may have."""
