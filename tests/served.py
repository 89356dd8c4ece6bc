"""`strata ui` on a home as a process of its own, as a user's shell or a script would start it; ended by Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from tier_assets.home import Home

STRATA = str(Path(sys.executable).with_name("strata"))
PATIENCE_SECONDS = 150
Found = TypeVar("Found")


def strata(home: Home, *arguments: object) -> int:
    """Run a command on the home; its exit status."""
    command = [STRATA, *map(str, arguments), "--home", str(home.root)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def until(condition: Callable[[], Found | None]) -> Found:
    """Wait for what another process brings about and tells nobody."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        # A starting server tells nobody when it is ready.
        time.sleep(0.2)
    return found


class Server:
    """The running `strata ui` of a home."""

    def __init__(self, home: Home) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self.log = home.root.with_name("ui.log")
        strange = {"DAGSTER_HOME": "/nowhere/dagster", "STRATA_HOME": "/nowhere"}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [STRATA, "ui", "--home", str(home.root), "--port", str(port)],
                # As a background job of a script is: in a group of its own, SIGINT ignored.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509
                process_group=0,
                env={**os.environ, **strange},
                stdout=log,
                stderr=log,
            )

    def ready(self) -> None:
        """Wait until it answers."""
        until(lambda: self.process.poll() is None and _answers(f"{self.url}/server_info"))

    def processes(self) -> list[int]:
        """Those that work on the home, whosever children they are by now."""
        wanted = f"DAGSTER_HOME={self.home.dagster}".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if wanted in (place / "environ").read_bytes().split(b"\0"):
                    found.append(int(place.name))
        return found

    def interrupt(self) -> int:
        """Ctrl-C in its terminal; its exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def kill(self) -> None:
        """kill -9 of all that works on the home."""
        while processes := self.processes():
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.process.poll()
        self.process.wait()


@contextmanager
def served(home: Home) -> Iterator[Server]:
    """A server that answers; nothing of it is left afterwards, whatever happens."""
    server = Server(home)
    try:
        server.ready()
        yield server
        if server.process.poll() is None:
            server.interrupt()
    finally:
        server.kill()


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as reply:
        return bool(reply.status == 200)
    return False
