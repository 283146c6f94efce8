"""A real Chromium on a real server. Nothing outside this computer can be reached, and every request is noted."""

import contextlib
import os
import shutil
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn

from houfeng.service.app import create_app
from houfeng.service.server import address_of, listen

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))  # service_samples

#: Every name leads nowhere, but for the address of the server.
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
QUIET = ("--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-sync")
SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
NO_GL = ("--disable-gpu", "--disable-3d-apis")


def chromium_path() -> str:
    """Where Chromium is; a skip where there is none."""
    named = os.environ.get("CHROMIUM", "")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium found; install it (apt-get install chromium) or name it in CHROMIUM")
    return found


@dataclass
class Visit:
    """A page that was opened, and all that it asked for and complained of."""

    page: object
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def select(self, **choices: str) -> None:
        """Choose in the selectors above the map, and wait until it is shown."""
        for name, value in choices.items():
            with self.page.expect_response(lambda response: "/earthquakes" in response.url):
                self.page.select_option(f"#{name}", value)
            self.page.wait_for_timeout(50)

    def hosts(self) -> set[str]:
        """Hosts that were asked for anything."""
        return {urlsplit(url).netloc for url in self.requests if urlsplit(url).scheme not in ("data", "blob")}


@contextlib.contextmanager
def serving(store: Path):
    """The server over `store`, in a thread; yields its address."""
    opened = listen("127.0.0.1", 0)
    instance = uvicorn.Server(uvicorn.Config(create_app(store), log_level="warning", access_log=False))
    thread = threading.Thread(target=instance.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    try:
        yield address_of(opened)
    finally:
        instance.should_exit = True
        thread.join(timeout=20)
        opened.close()


@pytest.fixture(scope="session")
def store_folder() -> Path:
    from service_samples import shared_store

    return shared_store()


@pytest.fixture(scope="session")
def address(store_folder):
    with serving(store_folder) as url:
        yield url


@pytest.fixture(scope="module")
def playwright():
    """The driver and the path of Chromium; closed with the module, as no other event loop can run beside it."""
    path = chromium_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver, path


@contextlib.contextmanager
def _browser(playwright, graphics: tuple[str, ...]):
    driver, path = playwright
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    browser = driver.chromium.launch(executable_path=path, args=[NOWHERE, *QUIET, *graphics, *root])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def chromium(playwright):
    with _browser(playwright, SOFTWARE_GL) as browser:
        yield browser


@pytest.fixture(scope="module")
def chromium_without_webgl(playwright):
    with _browser(playwright, NO_GL) as browser:
        yield browser


@pytest.fixture
def visit(chromium, address):
    """Open the page; keyword arguments are those of a browser context."""
    contexts = []

    def open_page(path: str = "", *, browser=chromium, base=address, **options) -> Visit:
        context = browser.new_context(**({"viewport": {"width": 1400, "height": 900}, "locale": "en-GB"} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        seen = Visit(page)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("websocket", lambda socket: seen.requests.append(socket.url))
        page.on("console", lambda m: m.type in ("error", "warning") and seen.complaints.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda error: seen.complaints.append(f"uncaught: {error}"))
        page.goto(base + path)
        page.wait_for_selector("body[data-ready]")
        return seen

    yield open_page
    for context in contexts:
        context.close()
