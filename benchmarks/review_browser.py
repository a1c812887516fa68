"""A reviewer with a stopwatch: pages opened and clicked in headless Chromium, each click timed inside the page.

Here: `open_pages`, `filter_clicks`, `breakdown_clicks` for the review app and for the Streamlit app of the same view (`SITES`). A click's
clock starts with the browser's own click event and stops two frames after the new figure stands in the page. Keep servers and tables out
(`review.py`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
# The clock: from the first click after arming to the second frame after the watched text is another one.
_ARM = """
(selector) => {
  const read = () => { const all = document.querySelectorAll(selector); return all.length ? all[all.length - 1].textContent : null; };
  const before = read();
  window.__took = null;
  window.__began = null;
  document.addEventListener("click", (event) => { window.__began = event.timeStamp; }, { capture: true, once: true });
  const done = () => {
    const now = read();
    if (window.__began === null || now === null || now === before) return;
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame((at) => { window.__took = Math.max(at, performance.now()) - window.__began; }));
  };
  const watcher = new MutationObserver(done);
  watcher.observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""
_FIRST = """
window.__first = null;
const look = () => {
  const found = document.querySelector(SELECTOR);
  if (found && /[0-9]/.test(found.textContent)) requestAnimationFrame((at) => { window.__first = Math.max(at, performance.now()); });
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@dataclass(frozen=True)
class Site:
    """How one of the two apps is driven.

    Attributes
    ----------
    overview, explore : str
        Paths of the page with cards and of the page with bars, `{n}` thousand rows; `{filters}` narrows the second to one country.
    card : str
        Selector of the first figure.
    count, bars : str
        Selectors of the text that tells how many rows the figures are of, and of the heading that names the breakdown; the last match
        counts.
    filter_box, by_box : str
        Selectors of what opens the menus.
    """

    overview: str
    explore: str
    card: str
    count: str
    bars: str
    filter_box: str
    by_box: str


SITES = {
    "ours": Site(
        overview="/frames/{name}",
        explore="/frames/{name}/explore?by=industry{filters}",
        card="[data-metric='accuracy'] .card-value",
        count="#count",
        bars="#view h2",
        filter_box='[id*=\'"part":"levels"\'] >> nth=0',
        by_box='[id*=\'"option":"by"\'] >> nth=0',
    ),
    "streamlit": Site(
        overview="/?name={name}",
        explore="/?name={name}&by=industry{filters}",
        card="[data-testid=stMetricValue]",
        count="[data-testid=stMetricValue]",
        bars="h3",
        filter_box="[data-testid=stMultiSelect] input",
        by_box="[data-testid=stSelectbox] input",
    ),
}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium; Playwright downloads nothing of its own."""
    if not CHROMIUM.is_file():
        raise SystemExit(f"{CHROMIUM}: expected Debian's browser, found none. Install it with `apt-get install chromium`.")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


def open_pages(browser: Browser, site: Site, address: str, name: str, times: int) -> list[float]:
    """Seconds from nothing (no cache, no cookie) to the first figure, one by one."""
    found = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.add_init_script(f"const SELECTOR = {site.card!r};\n{_FIRST}")
        page.goto(address + site.overview.format(name=name), wait_until="commit")
        found.append(_stopped(page, "window.__first") / 1000)
        context.close()
    return found


def filter_clicks(browser: Browser, site: Site, address: str, name: str, countries: Sequence[str], rounds: int) -> list[float]:
    """Milliseconds per click that adds a country to the filter; no set of countries twice, so that no answer is a kept one."""
    draw, seen, found = random.Random(5), set(), []
    for turn in range(rounds):
        with _page(browser, site, address + site.overview.format(name=name)) as page:
            order = list(countries)
            while True:
                draw.shuffle(order)
                sets = {frozenset(order[: n + 1]) for n in range(len(order) - 1)}
                if not sets & seen or turn >= len(countries):
                    break
            seen |= sets
            for country in order[:-1]:
                found.append(_click(page, site, site.filter_box, country, site.count))
    return found


def breakdown_clicks(browser: Browser, site: Site, address: str, name: str, columns: Sequence[str], filters: Sequence[str]) -> list[float]:
    """Milliseconds per click that chooses another column to break down by, for each filter."""
    found = []
    for narrowed in filters:
        with _page(browser, site, address + site.explore.format(name=name, filters=narrowed), site.bars) as page:
            for column in columns:
                found.append(_click(page, site, site.by_box, column, site.bars))
    return found


@contextmanager
def _page(browser: Browser, site: Site, url: str, ready: str = "") -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(ready or site.card, timeout=60_000)
    page.wait_for_timeout(700)  # what a page loads behind its first figures isn't part of a click
    yield page
    context.close()


def _click(page: Page, site: Site, box: str, choice: str, watched: str) -> float:
    page.locator(box).first.click()
    option = page.get_by_role("option", name=choice, exact=True).first
    option.wait_for()
    option.scroll_into_view_if_needed()
    time.sleep(0.2)  # the menu has opened
    page.evaluate(_ARM, watched)
    option.click()
    took = _stopped(page, "window.__took")
    page.keyboard.press("Escape")
    time.sleep(0.1)
    return took


def _stopped(page: Page, clock: str) -> float:
    """Wait for a clock of the page; asked for now and then, since pages that forbid `eval` let no script of ours wait inside."""
    for _ in range(1200):
        value = page.evaluate(clock)
        if value is not None:
            return float(value)
        time.sleep(0.05)
    raise SystemExit(f"{page.url}: no new figure within a minute")


def describe(page: Page) -> Any:
    """What the page waited for, request by request: for whoever looks for the time."""
    script = "performance.getEntriesByType('resource').map(e => [e.name.slice(-60), e.startTime, e.responseStart, e.responseEnd])"
    return page.evaluate(script)
