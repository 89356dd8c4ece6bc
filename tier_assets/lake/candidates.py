"""A candidate: what a run staged for one partition, its manifest, and where its files lie.

    <table>/partition=P/<candidate>-0000.parquet         kept rows, at their final key
    <table>/_decisions/partition=P/<candidate>.parquet   one row per input
    <table>/_candidates/partition=P/<candidate>.json     the manifest

The manifest tells what was staged and what became of it. Whether it is promoted, only the table's log says: `lake.py`.
"""

import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tier_assets.errors import LakeError
from tier_assets.files.digests import file_digest
from tier_assets.files.documents import read_document, write_document
from tier_assets.files.processes import Owner

State = Literal["staging", "staged", "held", "promoted"]


@dataclass(frozen=True)
class StagedFile:
    """A file of a candidate, as it was when it was staged. `path` is relative to the table, `changed` the time of its last
    change in nanoseconds since 1970, 0 where that is not known.
    """

    path: str
    bytes: int
    rows: int
    sha256: str
    changed: int = 0


@dataclass(frozen=True)
class Candidate:
    """One staged attempt at one partition. `basis` is the partition's version it means to follow, 0 for none. `sequence`
    counts the attempts at the partition: clocks may be set back.
    """

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
    sequence: int = 0
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


def manifest_path(table: Path, partition: str, candidate: str) -> Path:
    """Where the manifest of a candidate lies."""
    return table / "_candidates" / f"partition={partition}" / f"{candidate}.json"


def write_manifest(table: Path, candidate: Candidate) -> None:
    """Write or replace a candidate's manifest."""
    write_document(manifest_path(table, candidate.partition, candidate.candidate), asdict(candidate))


@dataclass(frozen=True)
class Manifests:
    """The candidates of a partition, oldest first, and the manifests that cannot be used, each with what is wrong."""

    candidates: tuple[Candidate, ...]
    unusable: Mapping[Path, str]


def read_manifests(table: Path, partition: str, but: Collection[str] = ()) -> Manifests:
    """The manifests of a partition that were not collected, without the candidates named in `but`."""
    folder = table / "_candidates" / f"partition={partition}"
    found: list[Candidate] = []
    unusable: dict[Path, str] = {}
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  # asked for every partition of a home
    except (FileNotFoundError, NotADirectoryError):
        return Manifests((), {})
    for name in names:
        if name.endswith(".json") and not name.startswith(".") and name[:-5] not in but:
            path = folder / name
            try:
                found.append(_parse(path))
            except FileNotFoundError:  # another process has just collected it
                continue
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                unusable[path] = str(error) or type(error).__name__
    return Manifests(tuple(sorted(found, key=lambda each: (each.sequence, each.created_at))), unusable)


def partitions_with_candidates(table: Path) -> list[str]:
    """Partitions for which anything was ever staged, and stray names."""
    try:
        names = sorted(os.listdir(table / "_candidates"))  # noqa: PTH208  # thousands of them
    except FileNotFoundError:
        return []
    return [name.removeprefix("partition=") for name in names if name.startswith("partition=")]


def _parse(path: Path) -> Candidate:
    raw = read_document(path)
    raw["files"] = tuple(StagedFile(**each) for each in raw["files"])
    raw["decisions"] = StagedFile(**raw["decisions"])
    raw["owner"] = Owner(**raw["owner"])
    raw["report"] = tuple(raw["report"])
    candidate = Candidate(**raw)
    if candidate.candidate != path.stem:
        raise ValueError(f"it is about {candidate.candidate}")
    return candidate


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
        if path.parent.is_dir():
            path.unlink(missing_ok=True)
            for temporary in path.parent.glob(f".{path.name}.*.tmp"):
                temporary.unlink(missing_ok=True)
    manifest_path(table, candidate.partition, candidate.candidate).unlink(missing_ok=True)


def now() -> str:
    """The present instant, ISO 8601 in UTC, to the microsecond, so that texts sort by time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
