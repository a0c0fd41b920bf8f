"""Any agent that speaks the Agent Client Protocol. Only a run host imports its library, and only `work` does."""
