"""A manager's browser: log in, open a dashboard, wait for its charts, read numbers, choose filters.

Charts are found by their name in Git (`cockpit/energy_sold` → box `CHART-energy_sold`), never by a number.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as TimeoutError_

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 120_000
CALM_POLLS = 4
LOGIN_ATTEMPTS, LOGIN_TIMEOUT_MS = 4, 20_000
WIDTH, HEIGHT = 1680, 4800  # a screen that holds a whole dashboard: Superset draws only what is in view


class Browser:
    """One page of a headless Chromium on one Superset, keeping every error the page reports."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.shown = ""  # the dashboard on the screen, if no filter has been chosen
        self.account = ("", "")
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.errors.append(f"page: {error}"))
        page.on("request", lambda request: self.hosts.add(re.sub(r"^(\w+://[^/]*).*", r"\1", request.url)))

    def _console(self, kind: str, text: str) -> None:
        # Superset's telemetry pixel is refused by the page's own policy; that refusal is what we want.
        if kind == "error" and not ("scarf" in text and "Content Security Policy" in text):
            self.errors.append(f"console: {text}")

    def log_in(self, username: str, password: str) -> None:
        """Log in through the form, as a person does, who tries again when the form comes back.

        Superset's login page sends anonymous requests of its own; the answer of a late one can replace the
        cookie of the session that has just begun.
        """
        self.account = (username, password)
        for _ in range(LOGIN_ATTEMPTS):
            self.page.goto(f"{self.base_url}/login/", wait_until="networkidle")
            self.page.fill("#username", username)
            self.page.locator("input[type=password]").fill(password)
            self.page.keyboard.press("Enter")
            with suppress(TimeoutError_):
                self.page.wait_for_url(lambda url: "/login" not in url, timeout=LOGIN_TIMEOUT_MS)
                self.page.wait_for_load_state("networkidle")
                return
        raise AssertionError(f"{username} could not log in at {self.base_url} in {LOGIN_ATTEMPTS} attempts")

    def language(self, code: str) -> None:
        """Switch the interface to `zh` or `en`."""
        self.shown = ""
        self.page.goto(f"{self.base_url}/lang/{code}", wait_until="networkidle")

    def open(self, slug: str) -> None:
        """Open a dashboard and wait until every chart is drawn; log in again when the form comes back (`log_in`)."""
        self.shown = ""
        for _ in range(LOGIN_ATTEMPTS):
            self.page.goto(f"{self.base_url}/superset/dashboard/{slug}/")
            self.page.wait_for_selector("[data-test=chart-grid-component], #username", state="attached")
            if not self.page.locator("#username").count():
                break
            self.log_in(*self.account)
        self.page.wait_for_selector("[data-test=chart-grid-component]", state="attached")
        self.wait_for_charts()
        self.shown = slug

    def show(self, slug: str) -> None:
        """Open a dashboard unless it is on the screen, unfiltered."""
        if self.shown != slug:
            self.open(slug)

    def wait_for_charts(self) -> None:
        """Wait until every chart has been drawn and none has been loading for one second."""
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        calm = 0
        while calm < CALM_POLLS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"charts still load after {TIMEOUT_MS / 1000:.0f} s: {self.page.url}")
            self.page.wait_for_timeout(250)
            charts = self.page.locator("[data-test=chart-grid-component]").count()
            shown = self.page.locator("[data-test=slice-container], [role=alert]")  # a picture, or why there is none
            drawn = self.page.locator("[data-test=chart-grid-component]").filter(has=shown).count()
            loading = self.page.locator(
                "[data-test=chart-grid-component] .loading, [data-test=loading-indicator]"
            ).count()
            calm = calm + 1 if charts and drawn == charts and not loading else 0

    def chart(self, name: str) -> Locator:
        """The box of a chart by its name in Git."""
        anchor = self.page.locator(f"#CHART-{name}")
        return self.page.locator("[data-test=dashboard-component-chart-holder]").filter(has=anchor)

    def number(self, name: str) -> str:
        """Text of a key figure, as a manager reads it: `87,657`, `93.31%`."""
        return self.chart(name).locator(".header-line").inner_text().strip()

    def rows(self, name: str) -> list[list[str]]:
        """Cells of a table, row by row."""
        found = self.chart(name).locator("tbody tr")
        return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in found.all()]

    def chart_errors(self) -> list[str]:
        """Messages that Superset shows in place of a chart."""
        return [text for text in self.page.locator("[role=alert]").all_inner_texts() if text.strip()]

    def choose(self, filter_slug: str, value: str) -> None:
        """Choose a value in a filter of the bar, by the filter's slug in Git, and apply it."""
        self.shown = ""
        box = self.page.locator(f".ant-select:has(#NATIVE_FILTER-{filter_slug})")
        box.click()
        self.page.locator(f".ant-select-item-option[title='{value}']").first.click()
        self.page.keyboard.press("Escape")
        self.page.locator("[data-test=filter-bar__apply-button]").click()
        self.wait_for_charts()

    def screenshot(self, path: Path) -> Path:
        """The whole dashboard as a picture."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(1500)  # drawing is animated
        bottom = self.page.evaluate("document.querySelector('.grid-container')?.getBoundingClientRect().bottom ?? 1000")
        self.page.screenshot(path=path, clip={"x": 0, "y": 0, "width": WIDTH, "height": min(int(bottom) + 30, HEIGHT)})
        return path


@contextmanager
def browser(base_url: str) -> Iterator[Browser]:
    """A fresh browser on a Superset; nothing of an earlier session is kept."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield Browser(chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}), base_url)
        finally:
            chromium.close()
