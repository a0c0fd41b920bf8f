"""Releases as they lie on the disk: which there are, what is in them, and who uses them."""
