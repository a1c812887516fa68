"""What the data say before any model: metrics by group, the history of departures, statements with evidence.

Here: tables computed from marts, and findings with their intervals and false-discovery control. Add an analysis as a function from frames
to a frozen dataclass of frames. Keep models out (see `models`) and pictures and sentences of pages too (see `reports`).
"""
