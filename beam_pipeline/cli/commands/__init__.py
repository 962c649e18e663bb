"""The commands of `docbeam`, one module each, imported when they are asked for: see `beam_pipeline.cli.app`."""
