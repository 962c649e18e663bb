"""Imported once by the fork server of the parser processes, so that each child starts with everything loaded."""

import os

# Arrow's own allocator reserves a gigabyte of address space at its first use, which would count against the limit of
# a child; Arrow reads this when it is imported.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import transforms.assemble.document
import transforms.chunk.chunks
import transforms.extract.task
import transforms.write.rows  # noqa: F401
from transforms.chunk.vocabulary import tokenizer
from transforms.extract.registry import import_built_in

# The vocabulary takes a fifth of a second and tens of megabytes; forked children share it.
tokenizer("cl100k_base")
# The engines take seconds on a busy machine, and the deadline of a child's first document would count them.
import_built_in()
