"""The agents: who does the work of a task."""
