"""Claude Code as an agent. Only a run host imports the SDK, and only `work` does."""
