"""The review app: pages of published frames and of the month, for people without code.

Here: `factory` (the Dash app), `server` (start it), `address` (the state of a page is its URL), `shell` (what surrounds every page),
`pages/` (a module
per page), `parts` and `figures` (how tables and charts look), `formats` (how figures are written). Add a page as a module of `pages` and
a line in
`pages.FRAME_PAGES` or `pages.OTHER_PAGES`. Keep SQL out: pages call `review.queries`, which knows no Dash.
"""

from clv_platform.review.app.factory import create_app

__all__ = ["create_app"]
