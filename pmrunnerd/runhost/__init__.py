"""The process that holds one agent and outlives the daemon."""
