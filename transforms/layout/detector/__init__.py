"""A detector of the user's own: what it wants to see, and its boxes."""
