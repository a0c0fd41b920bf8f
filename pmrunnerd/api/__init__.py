"""Doors: who may ask, and how the answer looks. They decide nothing."""
