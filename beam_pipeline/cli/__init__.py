"""The `docbeam` command."""
