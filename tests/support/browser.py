"""Chromium, driven without a window: for tests of pages that do something."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@contextmanager
def opened(address: str, width: int = 1280) -> Iterator[tuple[Any, list[str]]]:
    """A page, and the addresses that it asks for.

    At the end nothing must have gone wrong in it, and nothing from elsewhere been asked for.
    """
    reason = "Playwright is not installed: needs the extra browser-check"
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(m.text) if _is_error(m) else None)
        page.goto(address)
        yield page, asked
        browser.close()
    own = (address.rpartition("/")[0] + "/", "blob:", "data:")
    assert not [url for url in asked if not url.startswith(own)]
    assert not wrong, wrong


def _is_error(message: Any) -> bool:
    """Whether a message of the console is an error; that there is no icon for the tab is none."""
    return message.type == "error" and not message.location["url"].endswith("/favicon.ico")
