"""Programs and classes of equal standing: they speak for real, and say what a test wants said."""
