"""Twenty reviewers who click in the same moment, as the server meets them: HTTP calls of the app's own callback.

Here: `ask_at_once`. Keep browsers out (`review_browser.py`).
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

_OUTPUT = "..page.children...nav.children...person.children.."


def ask_at_once(address: str, path: str, countries: Sequence[str], reviewers: int = 20, rounds: int = 5) -> list[float]:
    """Return the seconds that each of the reviewers waited for a filtered page, all rounds; all ask in the same moment of each round."""
    gate, waits, problems = threading.Barrier(reviewers), [], []
    lock = threading.Lock()

    def review(number: int) -> None:
        draw, host = random.Random(number), urlsplit(address).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        cookies = [value.partition(";")[0] for name, value in answer.getheaders() if name == "Set-Cookie"]
        token = next(one.partition("=")[2] for one in cookies if one.startswith("_csrf_token="))
        headers = {"Content-Type": "application/json", "Cookie": "; ".join(cookies), "X-CSRFToken": token}
        for _ in range(rounds):
            chosen = draw.sample(list(countries), draw.randint(1, len(countries) - 1))
            search = "?" + "&".join(f"in.country={quote(one)}" for one in chosen) + f"&range.logins=~{draw.randint(500, 5000)}"
            body = json.dumps(
                {
                    "output": _OUTPUT,
                    "outputs": [{"id": name, "property": "children"} for name in ("page", "nav", "person")],
                    "inputs": [{"id": "route", "property": "data", "value": {"pathname": path, "search": search}}],
                    "state": [],
                    "changedPropIds": ["route.data"],
                }
            )
            gate.wait(120)
            began = time.perf_counter()
            connection.request("POST", "/_dash-update-component", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            with lock:
                waits.append(time.perf_counter() - began)
                if answer.status != 200 or b"rows of" not in text:
                    problems.append(f"{answer.status} {text[:200]!r}")

    threads = [threading.Thread(target=review, args=(number,)) for number in range(reviewers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise SystemExit(f"reviewers: {len(problems)} answers were wrong, such as {problems[0]}")
    return waits
