"""The app in a real browser: a frame is opened, filtered, doubted; nothing is fetched from elsewhere; the keyboard is enough.

Driven in Debian's Chromium by Playwright, which downloads nothing of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from clv_platform.review.app import create_app
from clv_platform.review.app.scene import Sources
from clv_platform.review.app.server import make_app_server
from clv_platform.review.feedback.store import open_feedback
from clv_platform.review.frames.store import ReviewStore

pytestmark = pytest.mark.e2e

CHROMIUM = Path("/usr/bin/chromium")
PATH = "/frames/spend-and-segment-march"
CLASS_ROW = "tr[data-level='very high'] td[data-rate='precision']"


@pytest.fixture(scope="module")
def address(planted_store: ReviewStore) -> Iterator[str]:
    server = make_app_server(create_app(Sources(planted_store)), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.fail(f"{CHROMIUM}: expected Debian's browser, found none. Install it with `apt-get install chromium`.")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """One set of kept files and cookies for all tests: each opens a page of its own."""
    found = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
    yield found
    found.close()


@contextmanager
def _watched(context: BrowserContext, address: str) -> Iterator[Page]:
    """A page that must fetch nothing from elsewhere, and must say nothing to the console."""
    found = context.new_page()
    elsewhere: list[str] = []
    complaints: list[str] = []
    found.on("request", lambda request: None if request.url.startswith((address, "data:", "blob:")) else elsewhere.append(request.url))
    found.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    found.close()
    assert elsewhere == []
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    with _watched(context, address) as found:
        yield found


def test_the_model_is_good_overall_and_bad_in_germany_and_a_comment_on_that_is_kept(page: Page, planted_store: ReviewStore) -> None:
    page.goto("/")
    page.get_by_role("link", name="Spend and segment, March").click()
    accuracy = page.locator("[data-metric='accuracy'] .card-value")
    expect(accuracy).to_have_text("69 %")
    precision = page.locator(f"{CLASS_ROW} .figure")
    expect(precision).to_have_text("70 %")

    page.get_by_label("country").first.click()
    page.get_by_role("option", name="Germany").click()
    expect(accuracy).to_have_text("47 %")
    expect(page.locator("[data-metric='accuracy']")).to_contain_text("All rows: 69 %")
    expect(page.locator("[data-metric='accuracy']")).to_contain_text("worse than all rows")
    expect(precision).to_have_text("30 %")
    expect(page.locator(CLASS_ROW)).to_contain_text("−40 points")
    expect(page).to_have_url(f"{page.url.split('/frames')[0]}{PATH}?in.country=Germany")

    page.get_by_role("navigation", name="Pages of this frame").get_by_role("link", name="Feedback").click()
    expect(page.locator("#feedback-subject")).to_contain_text("2,000 rows where country is Germany")
    page.locator("#feedback-comment").fill("Prices changed in March.")
    page.get_by_label("Your name").fill("Mara")
    page.get_by_role("button", name="Save comment").click()
    expect(page.locator("#feedback-told")).to_contain_text("Saved")
    expect(page.locator("#view")).to_contain_text("Prices changed in March.")
    said = open_feedback(planted_store).list(frame="spend-and-segment-march")[0]
    assert (said.comment, said.author, said.filters, said.verdict, said.scope) == (
        "Prices changed in March.",
        "Mara",
        "in.country=Germany",
        "wrong",
        "slice",
    )


def test_enter_takes_the_first_option_that_a_filter_finds(page: Page) -> None:
    page.goto(PATH)
    page.get_by_label("country").first.click()
    first = page.get_by_role("option").first.text_content()
    page.keyboard.press("Enter")
    expect(page.locator("#chips")).to_contain_text(f"country is {first}")
    page.get_by_label("Filter by another column").first.click()
    page.keyboard.type("employ")
    page.keyboard.press("Enter")
    expect(page.get_by_label("employees from")).to_be_visible()


def test_a_view_can_be_sent_to_a_colleague_and_the_back_button_goes_back(page: Page) -> None:
    page.goto(f"{PATH}/explore?by=country")
    germany = page.locator("tr[data-level='Germany']")
    expect(germany).to_contain_text("47 %")
    expect(germany).to_contain_text("worse")
    germany.get_by_role("link").click()
    expect(page.locator("#chips")).to_contain_text("country is Germany")
    expect(page.locator("tr[data-level='France']")).to_have_count(0)
    page.go_back()
    expect(page.locator("tr[data-level='France']")).to_have_count(1)
    expect(page.locator("#chips")).to_contain_text("Showing all rows")


def test_rows_load_and_a_chosen_one_is_shown_in_full(page: Page) -> None:
    page.goto(f"{PATH}/rows?in.country=Germany")
    expect(page.locator("#count")).to_contain_text("2,000 rows")
    account = page.locator(".ag-center-cols-container [row-index='0'] [col-id='v0']")
    expect(account).not_to_be_empty()
    name = account.inner_text()
    account.click()
    expect(page.locator("#row-detail")).to_contain_text(f"Row: {name}")
    page.get_by_role("link", name="Comment on this row").click()
    expect(page.locator("#feedback-subject")).to_contain_text(f"commenting on one row: {name}")


def test_the_keyboard_is_enough_to_filter_and_move_on(page: Page) -> None:
    page.goto(PATH)
    expect(page.locator("[data-metric='accuracy'] .card-value")).to_have_text("69 %")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate('document.activeElement.id.includes(\'"part":"levels"\')'):
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#chips a.chip")).to_have_count(1)
    page.locator("#chips a.chip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-metric='accuracy'] .card-value")).to_have_text("69 %")
    page.get_by_role("link", name="Explore").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#tabs [aria-current=page]")).to_have_text("Explore")
    expect(page.get_by_role("link", name="Explore")).to_be_focused()  # a page drawn anew leaves the keyboard where it was


# What a screen reader would call a control; controls without a name are returned.
NAMELESS = """() => Array.from(document.querySelectorAll(
  "button, a[href], input:not([type=hidden]), textarea, [role=img]"
)).filter((one) => {
  const labels = one.labels ? Array.from(one.labels, (label) => label.textContent).join("") : "";
  const by = (one.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "").join("");
  if (one.offsetParent === null || one.closest("[aria-hidden=true]")) return false;
  return !(one.textContent + labels + by + (one.getAttribute("aria-label") || "") + (one.title || "")).trim();
}).map((one) => one.outerHTML.slice(0, 200))"""
PAGES = {
    PATH: "Overview",
    f"{PATH}/explore?by=country&by2=industry": "Explore",
    f"{PATH}/explore?by=revenue_90d&spread=employees": "Explore",
    f"{PATH}/weak": "Where it's weak",
    f"{PATH}/rows": "Rows",
    f"{PATH}/compare?by=country": "Compare",
    f"{PATH}/feedback": "Feedback",
    f"{PATH}/columns": "Columns",
    "/": "Predictions",
    "/month": "This month",
    "/glossary": "Glossary",
}


def test_every_page_fits_a_phone_in_the_dark_and_names_its_controls(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=address, color_scheme="dark")
    with _watched(context, address) as found:
        found.goto("/glossary")
        found.wait_for_selector("#view")
        for path, label in PAGES.items():
            _go(found, path)
            expect(found.locator("[aria-current=page]", has_text=label).first).to_be_visible()
            expect(found.locator("#view")).not_to_be_empty()
            assert found.evaluate("document.documentElement.scrollWidth") <= 360, path
            assert found.evaluate(NAMELESS) == [], path
    context.close()


def _go(page: Page, path: str) -> None:
    """Follow a link to a path, without loading the app again."""
    page.evaluate(
        """(path) => { history.pushState({}, "", path); window.dispatchEvent(new CustomEvent("_dashprivate_pushstate")); }""", path
    )
