"""Asset checks: claims about loads, models and scores that can be false.

Add a check to the file of its layer. A rule about the content of a table is a dbt test instead, never both.
"""
