"""List the documents to ingest."""
