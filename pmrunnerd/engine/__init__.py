"""Time: the one loop that starts what is missing and records what came back."""
