"""Dying, or stopping, at a chosen moment: a profile function watches what the protocol does to the disk, in its own process.

No code of the product knows of it. A point is a call into the operating system or into delta-rs, before or after, with the
functions of ours that made it: `after replace in write_manifest > write_json > write_text > write_durably`.
"""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

# What changes the disk, or waits for it; between two of them nothing that a re-run could see happens.
_BEFORE = frozenset({"fsync", "create_write_transaction", "create_deltalake"})
_AFTER = frozenset({"mkdir", "replace", "unlink", "flock", "create_write_transaction", "create_deltalake"})
_OURS = tuple(str(Path(__file__).parents[2] / package) for package in ("tier_assets", "resources"))


@dataclass(frozen=True)
class Point:
    """The moment of a signal to the own process: the `number`-th point, from 1, that has `words` in its name."""

    number: int
    words: str = ""
    signal: int = signal.SIGKILL


class Watch:
    """Notes the points passed; sends this process the signal of `at` when it gets there."""

    def __init__(self, at: Point | None = None) -> None:
        self.passed: list[str] = []
        self._at = at
        self._left = at.number if at else 0

    def __enter__(self) -> "Watch":
        sys.setprofile(self._see)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, what: Any) -> None:
        name = getattr(what, "__name__", "")
        if name not in {"c_call": _BEFORE, "c_return": _AFTER}.get(event, ()):
            return
        if name == "replace" and what.__module__ != "posix":
            return  # of a text or a date
        point = f"{'after' if event == 'c_return' else 'before'} {name} in {_asker(frame)}"
        self.passed.append(point)
        if self._at and self._at.words in point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), self._at.signal)


def _asker(frame: FrameType | None) -> str:
    """The nearest functions of ours on the stack, outermost first."""
    names: list[str] = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(_OURS) and not frame.f_code.co_name.startswith("<"):
            names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return " > ".join(reversed(names[:6]))
