"""Dagster only, thin: a file per layer, plus checks, jobs, schedules, sensors, partitions, resources and `definitions`.

Add an asset to the file of its layer. Keep business rules out: an asset reads, calls the library once, writes, and returns metadata.
"""
