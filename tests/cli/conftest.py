"""Lets the tests of this folder import the `pipeline_runs` module."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))
