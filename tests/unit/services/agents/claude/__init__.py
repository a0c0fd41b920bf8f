"""What Claude Code is told, and what is made of what it says. None of it needs the CLI."""
