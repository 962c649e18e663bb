"""What kind of file bytes are: by name, by first bytes, by what an archive holds."""
