"""For tools that ask for a setup.py, as Dataflow's staging does: everything is in pyproject.toml."""

from setuptools import setup

setup()
