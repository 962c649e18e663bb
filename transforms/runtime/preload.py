"""Imported once by the fork server of the parser processes, so that each child starts with everything loaded."""

import transforms.assemble.document
import transforms.chunk.chunks
import transforms.extract.registry
import transforms.extract.task
import transforms.write.rows  # noqa: F401
from transforms.chunk.vocabulary import tokenizer

# The vocabulary takes a fifth of a second and tens of megabytes; forked children share it.
tokenizer("cl100k_base")
