"""Imported once by the fork server of the parser processes, so that each child starts with everything loaded."""

# ruff: noqa: E402 - what comes before the imports is for them
import gc
import os
import sys

# All that is imported stays: looking for garbage in it, again and again, is a fifth of the time.
gc.disable()
# Arrow's own allocator reserves a gigabyte of address space at its first use, which would count against the limit of
# a child; Arrow reads this when it is imported.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
# Children compute side by side: threads of one that wait busily for its next product take the cores of the others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import transforms.assemble.document
import transforms.assemble.evidence.needs
import transforms.chunk.chunks
import transforms.extract.child
import transforms.lake.format.rows  # noqa: F401
from transforms.chunk.vocabulary import tokenizer
from transforms.extract.registry import import_built_in
from transforms.sandbox.memory import trim_memory

# The vocabulary takes a fifth of a second and tens of megabytes; forked children share it.
tokenizer("cl100k_base")
# PyMuPDF loads its layout models when it is imported, 80 MB and a second that the extractors have no use for. An
# entry of None lets those imports fail, as they do where the models are not installed.
MODELS = ("pymupdf.layout", "pymupdf4llm")
sys.modules.update(dict.fromkeys(MODELS))  # type: ignore[arg-type]
# The engines take seconds on a busy machine, and the deadline of a child's first document would count them.
import_built_in()
for name in MODELS:
    del sys.modules[name]
# What importing freed goes back to the system instead of into every child.
trim_memory()
# What is loaded stays: the collectors of children need not look at it, nor touch (and so copy) its pages.
gc.freeze()
gc.enable()
