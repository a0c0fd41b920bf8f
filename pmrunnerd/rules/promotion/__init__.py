"""What root does next about a promotion, what it refuses, and when a release has proved itself."""
