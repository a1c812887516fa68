"""What reviewers said: records, the store (SQLite or PostgreSQL), and the way back into the raw layer.

Keep pages and what a run does with feedback out.
"""
