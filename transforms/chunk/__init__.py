"""Cut elements into token-bounded chunks."""
