"""Progress of long work for whoever watches: what, how far, how long still."""

import sys
import time
from collections.abc import Callable
from typing import Protocol, TextIO

from tier_assets.inference import Report

_LOG_SECONDS = 10.0
_TERMINAL_SECONDS = 0.5
_LEAST_SHARE, _LEAST_SECONDS = 0.05, 10.0


class Narrator(Protocol):
    """Makes a `Report` for one piece of work."""

    def reporter(self, title: str, log: Callable[[str], None]) -> Report:
        """A report for work called `title`; `log` writes to the run's log."""
        ...


class LogNarrator:
    """Writes a line to the run's log every few seconds: what Dagster's UI shows."""

    def reporter(self, title: str, log: Callable[[str], None]) -> Report:
        """See Narrator."""
        return _thinned(title, log, _LOG_SECONDS)


class TerminalNarrator:
    """Shows one line on a terminal, rewritten in place; where the stream is no terminal, a line every few seconds."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream

    def reporter(self, title: str, log: Callable[[str], None]) -> Report:
        """See Narrator."""
        if self._stream.isatty():
            return _thinned(title, self._rewrite, _TERMINAL_SECONDS)
        return _thinned(title, self._line, _LOG_SECONDS)

    def _rewrite(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()

    def _line(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    def say(self, line: str) -> None:
        """A line that stays."""
        self._line(f"\r\x1b[K{line}" if self._stream.isatty() else line)


def _thinned(title: str, write: Callable[[str], None], every_seconds: float) -> Report:
    """A report that writes a line every few seconds. `what` names a phase, in which the number done never goes back.

    Where one begins at less than the last had reached, its time is measured anew; else the last goes on by another name
    (file after file). Of work long enough to be told of, the beginning of every phase is.
    """
    opened = written = time.monotonic()
    begun: dict[str, tuple[float, int]] = {}
    best: dict[str, int] = {}
    last = ""

    def report(done: int, total: int, what: str) -> None:
        nonlocal written, last
        now = time.monotonic()
        anew = what not in begun and done < best.get(last, 0)
        if what not in begun:
            begun[what] = (now, done) if anew or not last else begun[last]
        best[what] = done = max(done, best.get(what, 0))
        last = what
        if now - written < every_seconds and not (anew and written > opened):
            return
        written = now
        since, at = begun[what]
        write(f"{title}: {what} {done:,} of {total:,}{remaining(done - at, total - at, now - since)}")

    return report


def remaining(done: int, total: int, elapsed_seconds: float) -> str:
    """How long still at the present pace, for people; empty while that says little: before 5 % and 10 seconds."""
    if not 0 < done < total or done < _LEAST_SHARE * total or elapsed_seconds < _LEAST_SECONDS:
        return ""
    left = elapsed_seconds / done * (total - done)
    return f", about {left:.0f} s left" if left < 90 else f", about {left / 60:.0f} min left"
