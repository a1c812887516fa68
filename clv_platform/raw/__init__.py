"""Room `raw`."""
