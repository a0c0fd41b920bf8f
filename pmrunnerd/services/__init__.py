"""Hands: everything that acts on the world outside the state directory."""
