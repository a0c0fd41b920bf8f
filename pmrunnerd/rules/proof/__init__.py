"""What has to hold of a release before it is believed to be what was gated, approved and signed."""
