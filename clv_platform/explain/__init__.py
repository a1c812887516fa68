"""Room `explain`."""
