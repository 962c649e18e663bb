"""Parser processes that may crash, hang or take too much memory, and what they do to themselves."""
