"""`python -m beam_pipeline` is the `docbeam` command."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts the folder that one is in before all others; what lies there is no part of the command.
    if not sys.flags.safe_path and sys.path[0] != str(Path(__file__).resolve().parents[1]):
        del sys.path[0]
    from docbeam.__main__ import main

    main()
