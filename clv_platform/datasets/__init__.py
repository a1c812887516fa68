"""Room `datasets`."""
