"""Lets the tests of this folder import the module `prose`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
