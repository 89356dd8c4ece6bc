"""L0: landed files to rows and decisions. The formats are in `warc.py`, `jsonl.py` and `parquet.py`.

What has landed, and whether it is complete, is found in `landing.py`; what a promoted partition promises, in `contract.py`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tier_assets.errors import LandingError
from tier_assets.inference import Report, silent
from tier_assets.keys import PartitionKey
from tier_assets.l0_raw.compression import GZIP, GZIP_MAGIC, ZSTD, ZSTD_MAGIC, Codec
from tier_assets.l0_raw.findings import Capture, Finding, Flaw, FlawKind, Reject
from tier_assets.l0_raw.identity import doc_id, document_uri
from tier_assets.l0_raw.jsonl import read_jsonl
from tier_assets.l0_raw.parquet import read_parquet
from tier_assets.l0_raw.streams import Stream
from tier_assets.l0_raw.warc import BOUNDARY, read_warc
from tier_assets.landed_files import ending
from tier_assets.outcome import Outcome
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DECISIONS, ROWS
from tier_assets.tiers import Tier

_FRAME_BYTES = 64_000_000  # rows leave Python's heap for a frame whenever their payloads reach this
_PZSTD_MAGIC = b"\x50\x2a\x4d\x18"  # pzstd begins with a skippable frame
_MAGICS = {GZIP_MAGIC: "gzip", ZSTD_MAGIC: "zstd", _PZSTD_MAGIC: "zstd", b"PAR1": "Parquet", b"WARC/": "WARC"}

_Reader = Callable[[Stream, RawPolicy], Iterator[Finding]]
_STREAMED: dict[str, tuple[_Reader, Codec | None, bytes]] = {
    ".warc": (read_warc, None, BOUNDARY),
    ".warc.gz": (read_warc, GZIP, BOUNDARY),
    ".wet": (read_warc, None, BOUNDARY),
    ".wet.gz": (read_warc, GZIP, BOUNDARY),
    ".jsonl": (read_jsonl, None, b""),
    ".jsonl.gz": (read_jsonl, GZIP, b""),
    ".jsonl.zst": (read_jsonl, ZSTD, b""),
}
_MAGIC_OF = {".gz": "gzip", ".zst": "zstd", ".warc": "WARC", ".wet": "WARC", ".parquet": "Parquet"}


def read_landed(
    files: Sequence[Path],
    *,
    partition: str,
    policy: RawPolicy,
    problems: Sequence[str] = (),
    report: Report = silent,
) -> Outcome:
    """Read what landed: one row per capture, one decision per input, files in the order of their names.

    Rows and decisions are sorted by (file, offset). Measures: `files`, `bytes_read` (as they lie on disk), and how many
    files are `files_truncated`, `files_empty`, `files_unreadable`; `files_missing` is the number of `problems`, which the
    landing zone found. Notes name each of them. `report` is called with bytes done and in all.
    Memory holds the partition's payloads and little else. Raises LandingError for a file that cannot be opened.
    """
    assembly = _Assembly(partition)
    ordered = sorted(files, key=lambda path: path.name)
    sizes = [_size(path) for path in ordered]
    done, total = 0, sum(sizes)
    for path, size in zip(ordered, sizes, strict=True):
        for read, finding in _findings(path, size, policy):
            assembly.add(path.name, finding)
            report(done + read, total, path.name)
        done += size
        report(done, total, path.name)
    flaws = {f"files_{kind}": float(assembly.flawed[kind]) for kind in FlawKind}
    measures = {"files": float(len(ordered)), "bytes_read": float(total), "files_missing": float(len(problems))}
    rows, decisions = assembly.frames()
    return Outcome(rows, decisions, measures | flaws, (*problems, *assembly.notes))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise LandingError(f"{path.name} cannot be read: {error.strerror}") from error


def _findings(path: Path, size: int, policy: RawPolicy) -> Iterator[tuple[int, Finding]]:
    """What is in a file, each with the bytes of the file read so far."""
    kind = ending(path.name)
    if size == 0:
        yield 0, Flaw(FlawKind.EMPTY, "empty")
        return
    if kind is None:
        yield 0, Flaw(FlawKind.UNREADABLE, "is of no kind that can be read, judging by its ending")
        return
    try:
        with path.open("rb") as file:
            mismatch = _mismatch(kind, file.read(16))
            if mismatch:
                yield 0, Flaw(FlawKind.UNREADABLE, mismatch)
                return
            file.seek(0)
            if kind == ".parquet":
                for share, finding in read_parquet(path, policy):
                    yield int(size * share), finding
                return
            read, codec, boundary = _STREAMED[kind]
            stream = Stream(file, codec, boundary)
            found = False
            for finding in read(stream, policy):
                found = True
                yield stream.file_offset, finding
            if not found and stream.position == 0:
                yield size, Flaw(FlawKind.EMPTY, "empty")
    except OSError as error:
        raise LandingError(f"{path.name} cannot be read: {error.strerror}") from error


def _mismatch(kind: str, head: bytes) -> str | None:
    """Whether the first bytes are what the ending promises."""
    head = head.lstrip(b"\r\n") if kind in (".warc", ".wet") else head
    found = next((name for magic, name in _MAGICS.items() if head.startswith(magic)), None)
    promised = _MAGIC_OF.get(kind[kind.rindex(".") :])
    cut = any(magic.startswith(head) for magic, name in _MAGICS.items() if name == promised)
    if found == promised or cut:
        return None
    return f"is {found or 'something else'}, not {promised or 'JSONL'} as its ending says"


class _Assembly:
    """Rows and decisions as they are found, moved into frames from time to time."""

    def __init__(self, partition: str) -> None:
        self.flawed: Counter[FlawKind] = Counter()
        self.notes: list[str] = []
        self._partition = partition
        self._source = PartitionKey.parse(partition).source
        self._flaws_of: set[tuple[str, FlawKind]] = set()
        self._rows: list[dict[str, Any]] = []
        self._row_bytes = 0
        self._frames = [pl.DataFrame(schema=ROWS[Tier.RAW].polars)]
        self._decisions: list[dict[str, Any]] = []

    def add(self, file: str, finding: Finding) -> None:
        if isinstance(finding, Flaw):
            self.notes.append(f"{file}: {finding.note}")
            self.flawed[finding.kind] += (file, finding.kind) not in self._flaws_of
            self._flaws_of.add((file, finding.kind))
            return
        raw = finding.payload if isinstance(finding, Capture) else finding.raw
        sha256 = hashlib.sha256(raw).hexdigest()
        where = {
            "doc_id": doc_id(self._partition, file, finding.offset, sha256),
            "uri": document_uri(finding.uri, file, finding.offset),
            "file": file,
            "offset": finding.offset,
        }
        if isinstance(finding, Reject):
            self._decisions.append(where | _verdict(finding))
            return
        self._decisions.append(where | {"kept": True})
        self._rows.append(where | self._row(finding, sha256))
        self._row_bytes += len(raw)
        if self._row_bytes >= _FRAME_BYTES:
            self._flush()

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        self._flush()
        return pl.concat(self._frames, rechunk=False), _frame(self._decisions, DECISIONS[Tier.RAW].polars)

    def _row(self, capture: Capture, sha256: str) -> dict[str, Any]:
        return {
            "source": self._source,
            "license": capture.license,
            "fetched_at": capture.fetched_at,
            "generation": 0,
            "text": capture.text,
            "language": capture.language,
            "media_type": capture.media_type,
            "charset": capture.charset,
            "http_status": capture.http_status,
            "payload": capture.payload,
            "payload_sha256": sha256,
            "payload_bytes": len(capture.payload),
            "user_id": capture.user_id,
            "metadata": capture.metadata,
        }

    def _flush(self) -> None:
        if self._rows:
            self._frames.append(_frame(self._rows, ROWS[Tier.RAW].polars))
        self._rows, self._row_bytes = [], 0


def _verdict(reject: Reject) -> dict[str, Any]:
    return {
        "kept": False,
        "drop_reason": str(reject.reason),
        "rule": reject.rule,
        "value": reject.value,
        "threshold": reject.threshold,
        "detail": reject.detail,
    }


def _frame(rows: list[dict[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """A frame of rows in which absent fields are null."""
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema)
