"""HTML pages, and Markdown, which is read as HTML."""
