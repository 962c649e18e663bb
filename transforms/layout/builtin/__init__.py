"""The layout networks that come with PyMuPDF: features of a page, the networks, and what they say."""
