"""What gates are: how a commit declares them, what their results mean, which still hold."""
