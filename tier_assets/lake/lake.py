"""The lake: stage, promote, hold, read, history. One Delta table per tier and source, one commit per promoted version.

The protocol is stage, audit, promote. Staged files lie at their final keys, but no log names them, so no reader sees them.
Promotion is ONE Delta commit, fenced by an app transaction: it may only follow the version that was the partition's head
when the run started. A commit that reports an error may still have happened, so the table is read again before anything
is decided. The log is the truth: manifests tell of candidates, Dagster's events are a view.

What is checked before promotion is in `gate/`; what makes a partition stale, in `staleness.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tier_assets.errors import DamagedError, LakeError, LostRaceError
from tier_assets.files.digests import text_digest
from tier_assets.files.durable import locked, sweep_temporaries, write_durably
from tier_assets.files.frames import RowGroup, row_groups
from tier_assets.files.leases import Owner
from tier_assets.keys import PartitionKey
from tier_assets.lake import candidates, commits
from tier_assets.lake.attempts import Attempts
from tier_assets.lake.candidates import Candidate
from tier_assets.lake.commits import Log, Version
from tier_assets.outcome import Outcome
from tier_assets.schemas import TABLES

_COMMIT_TRIES = 60


class Lake:
    """All tables under one folder. Every call tells what the log says now; a log that has not grown is not read again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._logs: dict[Path, Log] = {}

    def folder(self, table: str, source: str) -> Path:
        """Where the Delta table of a tier (or of the scorers) and a source lies."""
        if table not in TABLES:
            raise LakeError(f"{table!r} is no table of the lake: use one of {', '.join(TABLES)}")
        return self.root / table / source

    def attempts(self, table: str, key: PartitionKey) -> Attempts:
        """What is running on the partition now, or failed last."""
        return Attempts(self.folder(table, key.source), str(key))

    def basis(self, table: str, key: PartitionKey) -> int:
        """The number of the partition's promoted version, 0 for none. Read it before computing anything."""
        return commits.basis(self.folder(table, key.source), _app(table, key))

    def stage(
        self,
        table: str,
        key: PartitionKey,
        outcome: Outcome | Iterable[Outcome],
        *,
        basis: int,
        parts: Mapping[str, str],
        run_id: str = "",
    ) -> Candidate:
        """Write kept rows and decisions where they would be served from, invisible to readers, and a manifest of both.

        Of an outcome in pieces, memory holds one piece; the rows stay in the order in which they come.
        """
        folder = self.folder(table, key.source)
        commits.ensure_table(folder, TABLES[table].rows)
        self._sweep(folder, str(key))
        fingerprint = fingerprint_of(table, key, parts)
        name = candidates.new_candidate_id(fingerprint)
        candidate = Candidate(
            candidate=name,
            table=table,
            partition=str(key),
            basis=basis,
            fingerprint=fingerprint,
            parts=dict(parts),
            content_digest="",
            files=(candidates.announce(f"partition={key}/{name}-0000.parquet"),),
            decisions=candidates.announce(f"_decisions/partition={key}/{name}.parquet"),
            owner=Owner.current(),
            created_at=candidates.now(),
            run_id=run_id,
        )
        staged = None
        try:
            # Announced before anything is written: whatever a kill leaves behind is named by a manifest and swept.
            candidates.write_manifest(folder, candidate)
            pieces = [outcome] if isinstance(outcome, Outcome) else outcome
            measured = candidates.stage(folder, candidate, pieces)
            candidates.write_manifest(folder, measured)
            staged = measured
        except OSError as error:
            raise LakeError(
                f"{table} {key} cannot be written to {folder} ({commits.cause(error)}): mend that, then materialize again"
            ) from None
        finally:
            # Also where the computation failed, which goes on while its pieces are written.
            if staged is None:
                candidates.discard(folder, candidate)
        return staged

    def staged_paths(self, candidate: Candidate) -> tuple[list[Path], Path]:
        """Files of kept rows, file of decisions."""
        folder = self._folder_of(candidate)
        return [folder / staged.path for staged in candidate.files], folder / candidate.decisions.path

    def record(self, candidate: Candidate) -> None:
        """Write the audit's verdict into the manifest. A held candidate stays staged; the promoted version serves on."""
        candidates.write_manifest(self._folder_of(candidate), candidate)

    def promote(self, candidate: Candidate, *, kind: str = "promote", actor: str = "", reason: str = "") -> Version:
        """Make the candidate the partition's version in one fenced commit.

        Returns the version, also when an earlier try that seemed to fail had in fact committed. Raises LostRaceError if
        another run promoted since the candidate's basis was read, LakeError if staged files are not what was staged.
        """
        folder = self._folder_of(candidate)
        app = _app(candidate.table, PartitionKey.parse(candidate.partition))
        for _ in range(_COMMIT_TRIES):
            candidates.verify(folder, candidate)
            with locked(folder / "_promotion.lock"):
                head = commits.version_of(folder, candidate.candidate)
                if head is None and commits.basis(folder, app) != candidate.basis:
                    self._lost(folder, candidate)
                if head is None:
                    head = commits.commit(folder, candidate, app, kind=kind, actor=actor, reason=reason)
            if head is not None:
                promoted = candidate.with_report("promoted", candidate.summary, candidate.report)
                candidates.write_manifest(folder, promoted)
                return head
        raise LakeError(
            f"{candidate.partition} could not be promoted in {_COMMIT_TRIES} tries: run `strata materialize`"
        )

    def heads(self, table: str, source: str) -> dict[str, Version]:
        """The promoted version of every partition of a source."""
        return {version.partition: version for version in reversed(self._log(self.folder(table, source)).versions)}

    def head(self, table: str, key: PartitionKey) -> Version | None:
        """The promoted version of a partition."""
        return self.heads(table, key.source).get(str(key))

    def versions(self, table: str, key: PartitionKey) -> list[Version]:
        """All promoted versions of a partition, newest first."""
        log = self._log(self.folder(table, key.source))
        return [version for version in log.versions if version.partition == str(key)]

    def damage(self, table: str, key: PartitionKey) -> str:
        """Which file of the promoted version is gone or cut, as a sentence; empty where none is. Looks at no content."""
        folder, head = self.folder(table, key.source), self.head(table, key)
        if head is None:
            return ""
        for path, size in self._log(folder).live[str(key)].items():
            if not (folder / path).is_file() or (folder / path).stat().st_size != size:
                return f"{folder / path} is gone or cut short: `strata materialize {table} -p {key}` makes it again"
        if not (folder / head.decisions).is_file():
            return f"{folder / head.decisions} is gone: `strata materialize {table} -p {key}` makes it again"
        return ""

    def lost(self, table: str, key: PartitionKey) -> Candidate | None:
        """A whole candidate that was promoted on the present head, while the log has no such commit (any more)."""
        folder = self.folder(table, key.source)
        known = {version.candidate for version in self.versions(table, key)}
        for each in reversed(self.candidates(table, key)):
            if each.state == "promoted" and each.candidate not in known and each.basis == self.basis(table, key):
                try:
                    candidates.verify(folder, each)
                except LakeError:
                    continue
                return each
        return None

    def candidates(self, table: str, key: PartitionKey) -> list[Candidate]:
        """What was ever staged for a partition and is still there, oldest first."""
        return candidates.read_manifests(self.folder(table, key.source), str(key))

    def held(self, table: str, key: PartitionKey) -> Candidate | None:
        """The newest held candidate that could still be promoted: its basis is the head."""
        held = [each for each in self.candidates(table, key) if each.state == "held"]
        basis = self.basis(table, key) if held else 0
        return next((each for each in reversed(held) if each.basis == basis), None)

    def report(self, version: Version) -> Sequence[Mapping[str, Any]]:
        """What the audit found in a version's candidate; nothing where its manifest is gone."""
        manifests = self.candidates(version.table, PartitionKey.parse(version.partition))
        return next((each.report for each in manifests if each.candidate == version.candidate), ())

    def sources(self, table: str) -> list[str]:
        """Sources with anything in the table, in order."""
        folder = self.root / table
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def partitions(self, table: str) -> list[PartitionKey]:
        """Partitions for which anything was promoted or staged, in the total order."""
        found: set[str] = set()
        for source in self.sources(table):
            folder = self.folder(table, source)
            found.update(self.heads(table, source), candidates.partitions_with_candidates(folder))
            found.update(Attempts.partitions(folder))
        return sorted(PartitionKey.parse(name) for name in found)

    def read(self, table: str, key: PartitionKey) -> pl.LazyFrame:
        """The promoted rows of a partition, `partition` as last column.

        Raises LakeError where nothing is promoted, DamagedError where its file is gone or cut.
        """
        return self.rows(self._promoted(table, key))

    def rows(self, version: Version) -> pl.LazyFrame:
        """The rows of a version, `partition` as last column. Raises DamagedError where its file is gone or cut."""
        rows = pl.scan_parquet(
            self.files(version),
            schema=TABLES[version.table].rows.polars,
            missing_columns="insert",
            hive_partitioning=False,
            glob=False,
        )
        return rows.with_columns(pl.lit(version.partition).alias("partition"))

    def row_groups(self, version: Version) -> list[RowGroup]:
        """The rows of a version in the pieces in which they were staged, in order. Raises as `rows` does."""
        try:
            return [group for path in self.files(version) for group in row_groups(path, version.partition)]
        except OSError as error:
            raise DamagedError(
                f"{error}: `strata materialize {version.table} -p {version.partition}` makes it again"
            ) from None

    def _promoted(self, table: str, key: PartitionKey) -> Version:
        head = self.head(table, key)
        if head is None:
            raise LakeError(f"{table} {key}: nothing is promoted yet: run `strata materialize {table} -p {key}`")
        return head

    def files(self, version: Version) -> list[Path]:
        """The Parquet files of a version's rows. Raises DamagedError where one is gone or cut."""
        key = PartitionKey.parse(version.partition)
        if damage := self.damage(version.table, key):
            raise DamagedError(damage)
        folder = self.folder(version.table, key.source)
        return [folder / f"partition={key}/{version.candidate}-0000.parquet"]

    def decisions(self, table: str, key: PartitionKey, *, held: bool = False) -> pl.LazyFrame:
        """The decision rows of the promoted version, or of the newest held candidate."""
        if held:
            candidate = self.held(table, key)
            if candidate is None:
                raise LakeError(
                    f"{table} {key}: no held candidate: `strata history {table} -p {key}` shows what there is"
                )
            path = candidate.decisions.path
        else:
            head = self.head(table, key)
            if head is None:
                raise LakeError(f"{table} {key}: nothing is promoted yet: run `strata materialize {table} -p {key}`")
            if damage := self.damage(table, key):
                raise DamagedError(damage)
            path = head.decisions
        rows = pl.scan_parquet(
            self.folder(table, key.source) / path,
            schema=TABLES[table].decisions.polars,
            missing_columns="insert",
            hive_partitioning=False,
        )
        return rows.with_columns(pl.lit(str(key)).alias("partition"))

    def cached(self, kind: str, digest: str) -> pl.DataFrame | None:
        """A derived frame kept under its inputs' digest, or None. The cache is disposable: a damaged file counts as none."""
        path = self.cache_path(kind, digest)
        try:
            return pl.read_parquet(path) if path.exists() else None
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
            path.unlink(missing_ok=True)
            return None

    def cache(self, kind: str, digest: str, frame: pl.DataFrame) -> None:
        """Keep a derived frame."""
        write_durably(
            self.cache_path(kind, digest), lambda temporary: frame.write_parquet(temporary, compression="zstd")
        )

    def cache_path(self, kind: str, digest: str, suffix: str = ".parquet") -> Path:
        """Where a derived file lies, or would lie. Write it durably (`files/durable.py`), and take a damaged one for none."""
        return self.root / "_cache" / kind / f"{digest}{suffix}"

    def _log(self, folder: Path) -> Log:
        if folder not in self._logs or self._logs[folder].newest != commits.newest_entry(folder):
            self._logs[folder] = commits.read_log(folder)
        return self._logs[folder]

    def _folder_of(self, candidate: Candidate) -> Path:
        return self.folder(candidate.table, PartitionKey.parse(candidate.partition).source)

    def _lost(self, folder: Path, candidate: Candidate) -> None:
        head = self.heads(candidate.table, folder.name)[candidate.partition]
        if candidate.state == "staged":
            # Its basis is gone for good, so nobody will ever promote it.
            candidates.discard(folder, candidate)
        raise LostRaceError(
            f"{candidate.table} {candidate.partition}: lost the race, another run promoted version {head.number}: "
            f"see `strata history {candidate.table} -p {candidate.partition}`",
            head.fingerprint,
        )

    def _sweep(self, folder: Path, partition: str) -> None:
        """Remove what killed runs left: staged, never judged, its process gone, in no log."""
        for each in candidates.read_manifests(folder, partition):
            if (
                each.state in ("staging", "staged")
                and not each.owner.alive
                and commits.version_of(folder, each.candidate) is None
            ):
                candidates.discard(folder, each)
        for place in ("_candidates", "_decisions", "."):
            sweep_temporaries(folder / place / f"partition={partition}")


def _app(table: str, key: PartitionKey) -> str:
    return f"{table}/{key}"


def fingerprint_of(table: str, key: PartitionKey, parts: Mapping[str, str]) -> str:
    """sha256 over all that a promoted partition depends on: equal means there is nothing to do."""
    return text_digest(table, str(key), *(f"{name}={parts[name]}" for name in sorted(parts)))
