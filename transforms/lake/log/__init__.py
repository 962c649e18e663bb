"""Which files make up which version: catalogs, claims, runs, and how torn ones are mended."""
