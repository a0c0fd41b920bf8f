"""May: which facts may follow which. Pure: no clock, no disk, no await."""
