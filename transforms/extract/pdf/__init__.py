"""PDF files, through MuPDF."""
