"""Pages by geometry alone: lines, blocks, their types and their order."""
