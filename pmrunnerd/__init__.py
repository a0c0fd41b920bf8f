"""The pm-runner daemon: runs coding agents and remembers everything that was said."""

__version__ = "0.1.0"
