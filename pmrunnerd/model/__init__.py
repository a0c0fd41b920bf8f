"""Words: what everything is called. Pure, imported by daemon, run host and client alike."""
