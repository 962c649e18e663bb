"""The `docbeam` command, under whichever names our packages are safe."""

from __future__ import annotations

from importlib import import_module

from docbeam.own_names import PREFIX, plain_names_are_ours


def main() -> None:
    """Entry point of the command. Modules under their plain names are compiled when they are installed."""
    prefix = "" if plain_names_are_ours() else PREFIX
    import_module(f"{prefix}beam_pipeline.cli.start").main()


if __name__ == "__main__":
    main()
