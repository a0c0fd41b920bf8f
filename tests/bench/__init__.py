"""The figures of the design, each beside what the bare machine gives: `python -m tests.bench`."""
