"""One folder per stage, in the order of the data. In each, `transform.py` alone imports Beam."""
