"""The login form: one small page without scripts, readable in light and dark, at any width."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in · Review</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f4f6f8, #17191d); }}
main {{ width: min(22rem, calc(100vw - 3rem)); padding: 1.5rem; border-radius: .75rem; background: light-dark(#fff, #22252b);
 box-shadow: 0 1px 6px #0003; }}
label {{ display: block; margin: .8rem 0 .2rem; }}
input {{ width: 100%; box-sizing: border-box; padding: .55rem; font: inherit; border: 1px solid #8a94a0; border-radius: .4rem; }}
button {{ margin-top: 1.2rem; width: 100%; padding: .6rem; font: inherit; font-weight: 600; border: 0; border-radius: .4rem; background:
#0b63a5; color: #fff; }}
summary {{ margin-top: 1rem; cursor: pointer; }}
.problem {{ padding: .6rem; border-left: 4px solid #c2410c; background: light-dark(#fff1e8, #3a2418); }}
</style></head><body><main><h1>Log in</h1>{problem}
<form method="post" action="/login"><input type="hidden" name="csrf" value="{csrf}"><input type="hidden" name="next" value="{going_to}">
<label for="name">Name</label><input id="name" name="name" autocomplete="username" {focus}>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password">
<details {is_open}><summary>I have a token instead</summary><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" value="{token}"></details>
<button type="submit">Log in</button></form></main></body></html>
"""


def render_login(csrf: str, going_to: str, token: str, problem: str = "") -> str:
    """Return the form; every text in it is escaped."""
    return _PAGE.format(
        csrf=escape(csrf),
        going_to=escape(going_to),
        token=escape(token),
        is_open="open" if token else "",
        focus="" if token else "autofocus",
        problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
    )
