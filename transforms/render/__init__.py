"""Documents as text: Markdown, HTML and JSON. Shared by stages and the command line; imports no Beam."""
