"""The real CLI of Claude Code, in a real run host, and a model that says what a test wrote down."""
