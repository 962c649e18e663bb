"""The engine that runs the `tesseract` binary."""
