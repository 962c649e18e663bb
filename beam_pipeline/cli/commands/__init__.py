"""The commands of `docbeam`, one module each. Engines are imported inside the functions that need them."""
