"""Lets the tests of this folder import the modules `pipeline_runs`, `prose` and `terminals`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pipeline"), str(HERE.parent / "house")]
