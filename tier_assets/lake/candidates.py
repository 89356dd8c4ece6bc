"""A candidate: what a run staged for one partition, its manifest, and where its files lie.

    <table>/partition=P/<candidate>-0000.parquet         kept rows, at their final key
    <table>/_decisions/partition=P/<candidate>.parquet   one row per input
    <table>/_candidates/partition=P/<candidate>.json     the manifest

The manifest tells what was staged and what became of it. Whether it is promoted, only the table's log says: `lake.py`.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tier_assets.errors import LakeError
from tier_assets.files.digests import ContentDigest, file_digest
from tier_assets.files.durable import write_durably, write_json
from tier_assets.files.frames import FrameWriter, write_behind
from tier_assets.files.processes import Owner
from tier_assets.outcome import Outcome
from tier_assets.schemas import TABLES

State = Literal["staging", "staged", "held", "promoted"]


@dataclass(frozen=True)
class StagedFile:
    """A file of a candidate, as it was when it was staged. `path` is relative to the table."""

    path: str
    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True)
class Candidate:
    """One staged attempt at one partition. `basis` is the partition's version it means to follow, 0 for none."""

    candidate: str
    table: str
    partition: str
    basis: int
    fingerprint: str
    parts: Mapping[str, str]
    content_digest: str
    files: tuple[StagedFile, ...]
    decisions: StagedFile
    owner: Owner
    created_at: str
    run_id: str = ""
    state: State = "staging"
    summary: Mapping[str, Any] = field(default_factory=dict)
    report: tuple[Mapping[str, Any], ...] = ()

    def with_report(
        self, state: State, summary: Mapping[str, Any], report: tuple[Mapping[str, Any], ...]
    ) -> "Candidate":
        """The same candidate after its audit."""
        return replace(self, state=state, summary=summary, report=report)


def new_candidate_id(fingerprint: str) -> str:
    """An id nobody else uses, that starts with its fingerprint."""
    return f"{fingerprint[:12]}-{secrets.token_hex(4)}"


def announce(path: str) -> StagedFile:
    """A file that is about to be staged: named, not yet measured."""
    return StagedFile(path, 0, 0, "")


def stage(table: Path, candidate: Candidate, pieces: Iterable[Outcome]) -> Candidate:
    """Write the announced files durably under the table, piece by piece; returns the candidate with what was written."""
    schemas = TABLES[candidate.table]
    (kept,) = candidate.files
    content = ContentDigest()
    written: dict[str, int] = {}

    def fill(rows: FrameWriter, decisions: FrameWriter) -> None:
        def write(piece: Outcome) -> None:
            content.update(piece.rows)
            rows.write(piece.rows)
            decisions.write(piece.decisions)

        write_behind(pieces, write)
        written.update({kept.path: rows.rows, candidate.decisions.path: decisions.rows})

    def open_decisions(rows: FrameWriter, temporary: Path) -> None:
        with FrameWriter(temporary, schemas.decisions.polars) as decisions:
            fill(rows, decisions)

    def open_rows(temporary: Path) -> None:
        with FrameWriter(temporary, schemas.rows.polars) as rows:
            write_durably(table / candidate.decisions.path, partial(open_decisions, rows))

    write_durably(table / kept.path, open_rows)
    return replace(
        candidate,
        state="staged",
        content_digest=content.hexdigest(),
        files=(_measured(table, kept.path, written),),
        decisions=_measured(table, candidate.decisions.path, written),
    )


def _measured(table: Path, path: str, rows: Mapping[str, int]) -> StagedFile:
    return StagedFile(path, (table / path).stat().st_size, rows[path], file_digest(table / path))


def manifest_path(table: Path, partition: str, candidate: str) -> Path:
    """Where the manifest of a candidate lies."""
    return table / "_candidates" / f"partition={partition}" / f"{candidate}.json"


def write_manifest(table: Path, candidate: Candidate) -> None:
    """Write or replace a candidate's manifest."""
    write_json(manifest_path(table, candidate.partition, candidate.candidate), asdict(candidate))


def read_manifests(table: Path, partition: str) -> list[Candidate]:
    """All candidates of a partition that were not collected, oldest first."""
    folder = table / "_candidates" / f"partition={partition}"
    found = (_parse(path) for path in sorted(folder.glob("*.json"))) if folder.is_dir() else ()
    return sorted((each for each in found if each is not None), key=lambda candidate: candidate.created_at)


def partitions_with_candidates(table: Path) -> list[str]:
    """Partitions for which anything was ever staged."""
    return [path.name.removeprefix("partition=") for path in sorted((table / "_candidates").glob("partition=*"))]


def _parse(path: Path) -> Candidate | None:
    """None for a manifest that another process has just collected."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        raw["files"] = tuple(StagedFile(**each) for each in raw["files"])
        raw["decisions"] = StagedFile(**raw["decisions"])
        raw["owner"] = Owner(**raw["owner"])
        raw["report"] = tuple(raw["report"])
        return Candidate(**raw)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise LakeError(f"{path} is damaged ({error}): move it away, then materialize the partition again") from None


def verify(table: Path, candidate: Candidate) -> None:
    """Check every staged file once more: existence, size, sha256, rows. Raises LakeError naming the first that differs."""
    for staged in (*candidate.files, candidate.decisions):
        path = table / staged.path
        if not path.is_file():
            raise LakeError(f"{path} is gone: materialize {candidate.partition} again")
        if path.stat().st_size != staged.bytes or file_digest(path) != staged.sha256:
            raise LakeError(f"{path} is not what was staged: materialize {candidate.partition} again")
        if not staged.path.startswith((f"partition={candidate.partition}/", "_decisions/")):
            raise LakeError(f"{path} lies outside its partition {candidate.partition}")


def discard(table: Path, candidate: Candidate) -> None:
    """Remove a candidate's files and manifest. Only for those that never were promoted and are not held."""
    for staged in (*candidate.files, candidate.decisions):
        path = table / staged.path
        path.unlink(missing_ok=True)
        for temporary in path.parent.glob(f".{path.name}.*.tmp"):
            temporary.unlink(missing_ok=True)
    manifest_path(table, candidate.partition, candidate.candidate).unlink(missing_ok=True)


def now() -> str:
    """The present instant, ISO 8601 in UTC, to the microsecond, so that texts sort by time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
