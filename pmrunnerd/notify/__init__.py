"""The only outward door: a program that sends one notification, and says what came of it."""
