"""Frames with predictions for people to look at, doubt and answer: published here, asked by queries, shown by the app.

Here: `publish`, and the rooms `frames`, `queries`, `feedback`, `access`, `app`. Keep Dash and Flask to `app` and `access`: everything else
works in a notebook.
"""
