"""What elements say of each other: captions, mentions, notes."""
