"""`strata` as users run it, in processes of their own: from a fork server that has it imported already, or from scratch."""

import atexit
import functools
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.reliability.containers import contained, worker_in
from tests.reliability.kills import Point, Watch
from tests.reliability.processes import CONTEXT
from tier_assets import cli
from tier_assets.files import leases
from tier_assets.files.leases import Timing

PATIENCE_SECONDS = 120
PAGES = Path(__file__).parents[1] / "corpus" / "pages"


@dataclass
class Command:
    """A command at work, or done: its exit status (negative for a signal) and what it said."""

    process: ForkServerProcess
    told: Path
    in_container: bool = False

    def wait(self) -> int:
        """Its exit status. A command that does not end fails the test."""
        self.process.join(PATIENCE_SECONDS)
        if self.process.exitcode is None:
            self.process.kill()
            raise TimeoutError(f"strata was still at work after {PATIENCE_SECONDS} seconds: {self.said}")
        return self.process.exitcode

    def stopped(self) -> None:
        """Wait until it has stopped at its point."""
        while not self._is_stopped():
            assert self.process.is_alive(), f"it ended instead of stopping: {self.said}"
            # A stopped process tells only its parent, which is the fork server.
            time.sleep(0.05)
        assert self.process.is_alive(), f"it ended instead of stopping: {self.said}"

    def go_on(self) -> None:
        """Let a stopped command go on."""
        os.kill(self._pid(), signal.SIGCONT)

    def _pid(self) -> int:
        pid = self.process.pid or 0
        return worker_in(pid) if self.in_container else pid

    def _is_stopped(self) -> bool:
        state = Path(f"/proc/{self._pid()}/stat")
        return state.exists() and "T" in state.read_text().rpartition(")")[2].split()[:1]

    @property
    def said(self) -> str:
        """Its standard error so far."""
        return self.told.with_suffix(".err").read_text()

    @property
    def printed(self) -> str:
        """Its standard output so far."""
        return self.told.with_suffix(".out").read_text()

    @property
    def points(self) -> list[str]:
        """The points that it passed, if it got to its end."""
        return json.loads(self.told.with_suffix(".points").read_text())


def start(
    home: Path, *arguments: str, at: Point | None = None, in_container: bool = False, timing: Timing = leases.TIMING
) -> Command:
    """Start `strata` on a home, to be killed or stopped at a point if one is given."""
    told = Path(tempfile.mkdtemp(dir=_outputs())) / "told"
    for suffix in (".out", ".err"):
        told.with_suffix(suffix).touch()
    main = functools.partial(_main, [*arguments, "--home", str(home)], told, at, timing)
    process = CONTEXT.Process(target=contained, args=(main,)) if in_container else CONTEXT.Process(target=main)
    process.start()
    return Command(process, told, in_container)


@functools.cache
def _outputs() -> str:
    """A folder for what commands say: beside no home, since a home may be a place where nothing can be written."""
    folder = tempfile.mkdtemp(prefix="strata-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def strata(home: Path, *arguments: str) -> Command:
    """Run `strata` on a home to its end."""
    command = start(home, *arguments)
    command.wait()
    return command


def answer(home: Path, *arguments: str) -> Any:
    """The JSON document of a command that succeeds."""
    command = strata(home, *arguments, "--json")
    assert command.wait() == 0, command.said
    return json.loads(command.printed)


def page_lines(names: Sequence[str]) -> str:
    """Pages of the corpus as JSONL."""
    return "".join(
        json.dumps({"html": (PAGES / f"{name}.html").read_text("utf-8"), "url": f"https://example.org/{name}"}) + "\n"
        for name in names
    )


def _main(arguments: Sequence[str], told: Path, at: Point | None, timing: Timing) -> None:
    leases.TIMING = timing
    for descriptor, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(told.with_suffix(suffix), os.O_WRONLY), descriptor)
    sys.argv = ["strata", *arguments]
    watch = Watch(at)
    try:
        with watch:
            cli.main()
    finally:
        told.with_suffix(".points").write_text(json.dumps(watch.passed))
