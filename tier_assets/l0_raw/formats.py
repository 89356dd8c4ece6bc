"""Which reader reads a landed file, by the ending of its name; whether its first bytes are what the ending promises."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from tier_assets.l0_raw import arrow
from tier_assets.l0_raw.arc import BOUNDARIES, read_arc
from tier_assets.l0_raw.archives import read_tar, read_zip
from tier_assets.l0_raw.arrow import read_arrow
from tier_assets.l0_raw.compression import GZIP, GZIP_MAGIC, ZSTD, ZSTD_MAGIC, Codec
from tier_assets.l0_raw.csv import read_csv, read_tsv
from tier_assets.l0_raw.findings import Finding, Flaw, FlawKind, Seen
from tier_assets.l0_raw.jsonl import read_jsonl
from tier_assets.l0_raw.parquet import read_parquet
from tier_assets.l0_raw.pdf import read_pdf
from tier_assets.l0_raw.streams import Stream
from tier_assets.l0_raw.warc import BOUNDARY, read_warc
from tier_assets.landing.files import ending
from tier_assets.landing.sources import Source
from tier_assets.policy import RawPolicy

Found = Iterator[tuple[int, Finding]]
"""Findings, each with the bytes of the file read so far."""

_Reader = Callable[[Stream, RawPolicy], Iterator[Finding]]
_HEAD = 512
_PZSTD_MAGIC = b"\x50\x2a\x4d\x18"  # pzstd begins with a skippable frame
_MAGICS = {
    GZIP_MAGIC: "gzip",
    ZSTD_MAGIC: "zstd",
    _PZSTD_MAGIC: "zstd",
    b"PAR1": "Parquet",
    BOUNDARY: "WARC",
    b"filedesc:": "ARC",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"%PDF-": "PDF",
    arrow.MAGIC: "Arrow",
    arrow.STREAM_MAGIC: "Arrow",
}
_STREAMED: dict[str, tuple[_Reader, bytes | tuple[bytes, ...], str]] = {
    ".warc": (read_warc, BOUNDARY, "WARC"),
    ".wet": (read_warc, BOUNDARY, "WARC"),
    ".arc": (read_arc, BOUNDARIES, "ARC"),
    ".jsonl": (read_jsonl, b"", "JSONL"),
    ".csv": (read_csv, b"", "CSV"),
    ".tsv": (read_tsv, b"", "TSV"),
}
_WHOLE = {".parquet": "Parquet", ".arrow": "Arrow", ".zip": "zip", ".pdf": "PDF"}
_CODECS: dict[str, Codec] = {".gz": GZIP, ".zst": ZSTD}


def findings(source: Source, policy: RawPolicy) -> Found:
    """What is in a file. Raises OSError where it cannot be read."""
    if source.size == 0:
        yield 0, Flaw(FlawKind.EMPTY, "empty")
        return
    kind, codec = _format(source.name)
    if kind is None:
        yield 0, Flaw(FlawKind.UNREADABLE, "is of no kind that can be read, judging by its ending")
        return
    with source.open() as file:
        mismatch = _mismatch(kind, codec, file.read(_HEAD))
        if mismatch:
            yield 0, Flaw(FlawKind.UNREADABLE, mismatch)
            return
        file.seek(0)
        yield from _read(kind, codec, source, file, policy)


def _read(kind: str, codec: Codec | None, source: Source, file: BinaryIO, policy: RawPolicy) -> Found:
    if kind == ".tar":
        yield from read_tar(lambda: Stream(file, codec), source.name, policy)
    elif kind == ".zip":
        yield from read_zip(file, source.size, source.name, policy)
    elif kind == ".pdf":
        yield source.size, read_pdf(0, file.read(policy.max_payload_bytes + 1), policy)
        # The file is the one entry: there is nothing to split.
        yield source.size, Seen(1)
    elif kind in (".parquet", ".arrow"):
        read = read_parquet if kind == ".parquet" else read_arrow
        for share, finding in read(source.arrow(), policy):
            yield int(source.size * share), finding
    else:
        reader, boundary, _ = _STREAMED[kind]
        yield from _streamed(reader, Stream(file, codec, boundary), policy)


def _streamed(read: _Reader, stream: Stream, policy: RawPolicy) -> Found:
    found = False
    for finding in read(stream, policy):
        found = True
        yield stream.file_offset, finding
    yield stream.size, Seen(stream.entries.seen)
    if not found and stream.position == 0:
        yield stream.size, Flaw(FlawKind.EMPTY, "empty")


def _format(name: str) -> tuple[str | None, Codec | None]:
    """The kind of a file without its compression, and the compression."""
    found = ending(name)
    if found is None:
        return None, None
    if found == ".tgz":
        return ".tar", GZIP
    kind, dot, packed = found[1:].partition(".")
    return f".{kind}", _CODECS[dot + packed] if packed else None


def _mismatch(kind: str, codec: Codec | None, head: bytes) -> str | None:
    """Whether the first bytes are what the ending promises."""
    head = head.lstrip(b"\r\n") if kind in (".warc", ".wet", ".arc") and codec is None else head
    found = next((name for magic, name in _MAGICS.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        found = "tar"
    told = codec.name if codec else {**_WHOLE, ".tar": "tar"}.get(kind) or _STREAMED[kind][2]
    promised = told if told in {*_MAGICS.values()} else None
    cut = any(magic.startswith(head) for magic, name in _MAGICS.items() if name == promised)
    if found == promised or cut or (kind == ".tar" and codec is None and found in (None, "tar")):
        return None
    if kind == ".pdf" and b"%PDF-" in head:
        return None
    return f"is {found or 'something else'}, not {told} as its ending says"
