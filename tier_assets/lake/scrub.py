"""Reading all of a lake again: every file against its sha256, every log and checkpoint, and the index against the logs.

It finds what first sight does not: bits that changed while nobody wrote. What it finds is remembered, so that the next run
of a partition makes it again. Nothing is mended here, but that a damaged index is made anew.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from tier_assets.errors import LakeError
from tier_assets.files.digests import file_digest
from tier_assets.files.leases import leases_of
from tier_assets.keys import PartitionKey
from tier_assets.lake import candidates, commits
from tier_assets.lake.attempts import Attempts
from tier_assets.lake.candidates import Candidate
from tier_assets.lake.log_index import Pin
from tier_assets.lake.policies import kept_values
from tier_assets.lake.snapshot import LakeSnapshot
from tier_assets.schemas import TABLES

_BACKUP = "put it back from a backup; without one see docs/architecture.md, damage"


@dataclass(frozen=True)
class Damage:
    """A file that is not what was written, and what to do about it."""

    path: Path
    what: str
    remedy: str


Checked = Damage | None
"""What came of looking at one file: damage, or none."""


def scrub_lake(root: Path, tables: Sequence[str] = tuple(TABLES)) -> Iterator[Checked]:
    """Look at every file of some tables of the lake under a root; gives one answer for each."""
    snapshot = LakeSnapshot(root)
    yield _index(snapshot)
    for table in tables:
        for source in snapshot.sources(table):
            yield from _table(snapshot, table, source)
        for sentence in snapshot.strangers([table]):
            place, _, name = sentence.partition(": ")
            yield Damage(Path(place), name, "move it away")


def _index(snapshot: LakeSnapshot) -> Checked:
    path = snapshot.root / "_index" / "log.sqlite"
    why = snapshot.index.damage()
    if not why:
        return None
    snapshot.index.drop()
    return Damage(path, why, "nothing: it was removed, and is made anew from the logs")


def _table(snapshot: LakeSnapshot, table: str, source: str) -> Iterator[Checked]:
    folder = snapshot.folder(table, source)
    try:
        snapshot.refresh_log(table, source)
    except LakeError as error:
        yield Damage(folder / "_delta_log", str(error), _BACKUP)
        return
    yield from _entries(snapshot, table, source)
    yield from _checkpoints(snapshot, table, source)
    pins = [
        pin
        for head in snapshot.pins(table, source)
        for pin in snapshot.promotions(table, PartitionKey.parse(head.partition))
    ]
    for pin in pins:
        yield from _version(snapshot, pin)
    promoted = {pin.candidate for pin in pins}
    for name in candidates.partitions_with_candidates(folder):
        yield from _manifests(folder, table, name, promoted)
    for name in Attempts.partitions(folder):
        attempt = Attempts(folder, name, leases_of(snapshot.root)).read()
        usable = attempt is None or attempt.started_at
        path, remedy = folder / "_attempts" / f"{name}.json", f"`strata materialize {table} -p {name}`"
        yield None if usable else Damage(path, "cannot be used", remedy)
    yield from _policies(folder)


def _entries(snapshot: LakeSnapshot, table: str, source: str) -> Iterator[Checked]:
    for number, digest in snapshot.index.digests(f"{table}/{source}", 0).items():
        path = snapshot.folder(table, source) / "_delta_log" / f"{number:020d}.json"
        yield (
            None if path.is_file() and file_digest(path) == digest else Damage(path, "is not what was written", _BACKUP)
        )


def _checkpoints(snapshot: LakeSnapshot, table: str, source: str) -> Iterator[Checked]:
    folder = snapshot.folder(table, source)
    log = folder / "_delta_log"
    if not log.is_dir():
        return
    found = commits.checkpoints(folder)
    remedy = "remove it and `_last_checkpoint`: the next promotion goes by the entries alone"
    for path in found:
        whole = commits.checkpoint_is_whole(path) and _tells(folder, path, snapshot, f"{table}/{source}")
        yield None if whole else Damage(path, "is not what was written", remedy)
    hint = log / commits.LAST_CHECKPOINT
    if hint.exists():
        yield None if _points(hint, found) else Damage(hint, "does not name a checkpoint", "remove it")


def _tells(folder: Path, path: Path, snapshot: LakeSnapshot, log: str) -> bool:
    """Whether a table opened at a checkpoint has the files that its entries say: one without a digest has nothing else."""
    number = int(path.name.partition(".")[0])
    live = {pin.partition: pin for pin in snapshot.index.since(log, -1) if pin.delta_version <= number}
    wanted = {file.path for pin in live.values() for file in snapshot.load(pin).files}
    try:
        uris = DeltaTable(str(folder), version=number).file_uris()
    except (DeltaError, OSError):
        return False
    return {uri[uri.rindex("partition=") :] for uri in uris} == wanted


def _points(hint: Path, found: list[Path]) -> bool:
    try:
        version = json.loads(hint.read_bytes())["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return any(path.name.startswith(f"{version:020d}.") for path in found) if isinstance(version, int) else False


def _version(snapshot: LakeSnapshot, pin: Pin) -> Iterator[Checked]:
    version = snapshot.load(pin)
    key = PartitionKey.parse(version.partition)
    past = f"it is of version {version.number}, which is not served any more: {_BACKUP}"
    remedy = f"`strata materialize {version.table} -p {key}`" if snapshot.head(version.table, key) == version else past
    for decisions in (False, True):
        for path, why in snapshot.looked_through(version, decisions=decisions):
            yield Damage(path, why, remedy) if why else None


def _policies(folder: Path) -> Iterator[Checked]:
    remedy = "remove it: until the next version with these values, `status` tells less of what an edited policy changed"
    for path in sorted((folder / "_policies").glob("[!.]*.json")):
        yield None if kept_values(folder, path.stem) is not None else Damage(path, "is not what was written", remedy)


def _manifests(folder: Path, table: str, partition: str, promoted: set[str]) -> Iterator[Checked]:
    found = candidates.read_manifests(folder, partition)
    for path, why in found.unusable.items():
        yield Damage(path, f"cannot be used ({why})", f"move it away, then `strata materialize {table} -p {partition}`")
    for candidate in found.candidates:
        yield None
        if candidate.state == "held" and candidate.candidate not in promoted:
            damage = _held(folder, candidate)
            # Collected or promoted meanwhile, it is none.
            yield damage if candidates.manifest_path(folder, partition, candidate.candidate).exists() else None


def _held(folder: Path, candidate: Candidate) -> Checked:
    try:
        candidates.verify(folder, candidate)
    except LakeError as error:
        remedy = f"`strata materialize {candidate.table} -p {candidate.partition}`"
        return Damage(folder / candidate.files[0].path, str(error), remedy)
    return None
