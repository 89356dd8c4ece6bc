"""Who is working on a partition of a tier right now, and how the last try failed: one small file per partition.

Status reads it without asking Dagster, and a killed run shows as failed because its process is gone.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tier_assets.files.documents import read_document, write_document
from tier_assets.files.leases import Leases
from tier_assets.files.processes import Owner
from tier_assets.lake.candidates import now


@dataclass(frozen=True)
class Attempt:
    """The last unfinished try at a partition."""

    state: Literal["running", "failed"]
    run_id: str
    started_at: str
    message: str = ""


class Attempts:
    """The attempt file of one partition of one table."""

    def __init__(self, folder: Path, partition: str, leases: Leases) -> None:
        self._leases = leases
        self._path = folder / "_attempts" / f"{partition}.json"

    @staticmethod
    def partitions(folder: Path) -> list[str]:
        """Partitions with an unfinished try."""
        try:
            names = sorted(os.listdir(folder / "_attempts"))  # noqa: PTH208  # asked for every table of a home
        except FileNotFoundError:
            return []
        return [name.removesuffix(".json") for name in names if name.endswith(".json") and not name.startswith(".")]

    def begin(self, run_id: str) -> None:
        """This process starts to work on the partition."""
        self._write(Attempt("running", run_id, now()), self._leases.begin())

    def fail(self, run_id: str, message: str) -> None:
        """The try ended badly; the message is one line for people."""
        if not self._is_taken_over():
            self._write(Attempt("failed", run_id, now(), message), Owner.current())

    def end(self) -> None:
        """The try came to a verdict: promoted, held, or nothing to do."""
        if not self._is_taken_over():
            self._path.unlink(missing_ok=True)

    def read(self) -> Attempt | None:
        """The last try if it is under way or failed; a process that vanished has failed, and so has an unusable file."""
        try:
            attempt, owner = self._read()
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            return Attempt("failed", "", "", f"{self._path} is damaged ({error}): materialize again")
        if attempt and attempt.state == "running" and self._leases.dead(owner):
            return Attempt("failed", attempt.run_id, attempt.started_at, "the process was killed: materialize again")
        return attempt

    def _is_taken_over(self) -> bool:
        """Whether another process is at work here by now: it lost patience with this one, or raced it."""
        try:
            attempt, owner = self._read()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False
        running = attempt is not None and attempt.state == "running"
        return running and not owner.is_this_process and not self._leases.dead(owner)

    def _read(self) -> tuple[Attempt | None, Owner]:
        try:
            raw = read_document(self._path)
        except FileNotFoundError:
            return None, Owner.current()
        owner = Owner(**raw.pop("owner"))
        return Attempt(**raw), owner

    def _write(self, attempt: Attempt, owner: Owner) -> None:
        write_document(self._path, {**asdict(attempt), "owner": asdict(owner)})
