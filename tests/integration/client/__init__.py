"""The real client at the real door: processes on one side, a running store on the other."""
