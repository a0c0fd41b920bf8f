"""What stands in EVIDENCE.md: read, written and held against what is known, as text and no more."""
