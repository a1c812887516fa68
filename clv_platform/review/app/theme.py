"""Colours and type. Blue stands for "this", orange for "worse", grey for "all": a pair that colour-blind people tell apart, and never
colour alone."""

from __future__ import annotations

from typing import Any

BLUE = "#2a78b5"
ORANGE = "#d9711c"
GREY = "#8b95a1"
# Okabe and Ito's series, without yellow, which vanishes on white.
SERIES = ("#2a78b5", "#d9711c", "#1a9b77", "#b3649b", "#5cb0e0", "#8b95a1", "#a07a00")

THEME: Any = {
    "primaryColor": "blue",
    "defaultRadius": "md",
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
    "headings": {"fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"},
    "colors": {
        # One blue from light to dark; index 7 has a contrast of 5.9 with white.
        "blue": ["#eaf4fc", "#d3e6f5", "#a5cdea", "#74b1de", "#4a99d3", "#2f8acd", "#1f7ec4", "#0b63a5", "#085895", "#004b83"]
    },
    "respectReducedMotion": True,
}
