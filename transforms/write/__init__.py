"""Write tables and commit them."""
