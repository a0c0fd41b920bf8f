"""Memory: the journal and what it folds to. Touches only the state directory."""
