"""A home, `strata ui` on it as a real process, and a real browser. Skips, saying so, where no Chromium is found."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tier_assets.home import Home
from tier_assets.lake.lake import Lake

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
STRATA = str(Path(sys.executable).with_name("strata"))
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
GOOD = (
    "The lighthouse of the northern cape was built in 1857 by the engineer Anna Lindqvist, who had studied the currents "
    "of the bay for eleven years. Its lamp burned rapeseed oil at first and was later fed with gas from the town. "
    "Fishermen of the coast paid for a third of the tower, and their names are carved into the lowest ring of granite. "
    "Today the tower is a museum, and the old lens, which weighs four tonnes, stands on the ground floor behind glass. "
    "Visitors come from May to October."
)
PATIENCE_SECONDS = 150


class Site:
    """The running UI and the home behind it."""

    def __init__(self, home: Home, port: int) -> None:
        self.home = home
        self.lake = Lake(home.lake)
        self.url = f"http://127.0.0.1:{port}"

    def strata(self, *arguments: object) -> int:
        command = [STRATA, "--home", str(self.home.root), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    def wait(self, condition):
        """Until the condition is true; fails after a long while."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < end, "waited in vain"
            # Dagster's daemon looks every few seconds and tells nobody.
            time.sleep(0.5)
        return found


def land(home: Home, partition: str, text: str) -> None:
    path = home.root / "page.jsonl"
    path.write_text(text)
    subprocess.run([STRATA, "--home", str(home.root), "land", partition, str(path)], check=True, capture_output=True)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium is found: the browser tests need one (Debian: apt-get install chromium)")
    home = Home(tmp_path_factory.mktemp("ui") / "home")
    home.prepare()
    # No model is asked: L3 takes no document.
    home.policy.write_text("[refined]\nmax_documents = 0\n")
    land(home, "crawl.2026-08", f'{{"text": "{GOOD}"}}\n{{"text": "this is too short"}}\n')
    land(home, "broken.1", "")
    subprocess.run([STRATA, "--home", str(home.root), "materialize", "selected"], check=False, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with served(home, port) as site:
        yield site


@contextmanager
def served(home: Home, port: int):
    """`strata ui` in a session of its own. A background job would inherit an ignored SIGINT, which Dagster needs."""

    def fresh() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()

    log = (home.root / "ui.log").open("w")
    command = [STRATA, "ui", "--home", str(home.root), "--port", str(port)]
    process = subprocess.Popen(command, preexec_fn=fresh, stdout=log, stderr=subprocess.STDOUT)  # noqa: PLW1509
    site = Site(home, port)
    try:
        site.wait(lambda: process.poll() is None and answers(f"{site.url}/server_info"))
        yield site
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def browser(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def page(browser, site, request):
    """A page that remembers its errors and the hosts it asked."""
    page = browser.new_page(viewport={"width": 1400, "height": 900}, base_url=site.url)
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.asked, page.errors = set(), []
    page.on("request", lambda each: page.asked.add(each.url.split("/")[2]))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    folder = os.environ.get("STRATA_UI_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    page.close()
    assert page.errors == []
    assert {host.split(":")[0] for host in page.asked} == {"127.0.0.1"}
