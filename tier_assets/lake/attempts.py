"""Who is working on a partition of a tier right now, and how the last try failed: one small file per partition.

Status reads it without asking Dagster, and a killed run shows as failed because its process is gone.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tier_assets.files.durable import write_json
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
        return [path.name.removesuffix(".json") for path in sorted((folder / "_attempts").glob("[!.]*.json"))]

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
        """The last try if it is under way or failed; a process that vanished has failed."""
        attempt, owner = self._read()
        if attempt and attempt.state == "running" and self._leases.dead(owner):
            return Attempt("failed", attempt.run_id, attempt.started_at, "the process was killed: materialize again")
        return attempt

    def _is_taken_over(self) -> bool:
        """Whether another process is at work here by now: it lost patience with this one, or raced it."""
        attempt, owner = self._read()
        running = attempt is not None and attempt.state == "running"
        return running and not owner.is_this_process and not self._leases.dead(owner)

    def _read(self) -> tuple[Attempt | None, Owner]:
        try:
            raw = json.loads(self._path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None, Owner.current()
        owner = Owner(**raw.pop("owner"))
        return Attempt(**raw), owner

    def _write(self, attempt: Attempt, owner: Owner) -> None:
        write_json(self._path, {**asdict(attempt), "owner": asdict(owner)})
