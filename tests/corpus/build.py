"""The sample crawl: packs the pages of this folder as a crawler would have stored them, one `.warc.gz` per snapshot.

What is fetched when, from where and how it is answered is in `pages.csv`; which tier each page reaches, in `fates.csv`.
The reference source of the demo is made by `pydoc_pages.py`.
"""

import csv
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

FOLDER = Path(__file__).parent
SOURCE = "crawl"
LATER = "2026-45"
"""The snapshot that is landed after the others, to see that only it is computed."""

_REASONS = {200: "OK", 301: "Moved Permanently", 304: "Not Modified", 404: "Not Found", 410: "Gone"}
_STORED_BLOCK = 65_535


class Fetch(NamedTuple):
    """One line of `pages.csv`: a URL as fetched in a snapshot. `file` in `pages/` is UTF-8; `charset` is how it was sent."""

    snapshot: str
    fetched_at: str
    url: str
    entry: str
    status: str
    content_type: str
    charset: str
    coding: str
    headers: str
    file: str


def fetches() -> list[Fetch]:
    """All lines of `pages.csv`, in the order in which the crawler wrote them."""
    with (FOLDER / "pages.csv").open(encoding="utf-8", newline="") as lines:
        return [Fetch(**row) for row in csv.DictReader(lines)]


def build(target: Path) -> list[Path]:
    """Write `<target>/crawl.<snapshot>.warc.gz` for each snapshot, in their order; the same bytes each time, everywhere.

    The name of a file without `.warc.gz` is the partition it is meant for.
    """
    target.mkdir(parents=True, exist_ok=True)
    pages = fetches()
    paths = []
    for snapshot in sorted({page.snapshot for page in pages}):
        path = target / f"{SOURCE}.{snapshot}.warc.gz"
        path.write_bytes(_pack(snapshot, [page for page in pages if page.snapshot == snapshot]))
        paths.append(path)
    return paths


def _pack(snapshot: str, pages: list[Fetch]) -> bytes:
    about = f"software: Strata sample crawl\r\nformat: WARC File Format 1.1\r\nisPartOf: {SOURCE}.{snapshot}\r\n"
    entries = [_entry("warcinfo", snapshot, pages[0].fetched_at, "application/warc-fields", about.encode())]
    for page in pages:
        entries += [
            _entry("request", page.url, page.fetched_at, "application/http; msgtype=request", _request(page)),
            _entry(page.entry, page.url, page.fetched_at, "application/http; msgtype=response", _response(page)),
        ]
    return b"".join(_gzip(entry) for entry in entries)


def _entry(kind: str, subject: str, date: str, content_type: str, block: bytes) -> bytes:
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{uuid5(NAMESPACE_URL, f'{kind} {date} {subject}')}>",
        "WARC-Date": date,
        **({} if kind == "warcinfo" else {"WARC-Target-URI": subject}),
        **(
            {"WARC-Profile": "http://netpreserve.org/warc/1.1/revisit/server-not-modified"} if kind == "revisit" else {}
        ),
        "Content-Type": content_type,
        "Content-Length": str(len(block)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return b"WARC/1.1\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def _request(page: Fetch) -> bytes:
    parts = urlsplit(page.url)
    return f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def _response(page: Fetch) -> bytes:
    body = (FOLDER / "pages" / page.file).read_bytes() if page.file else b""
    if page.charset:
        body = body.decode("utf-8").encode(page.charset)
    headers = [f"Content-Type: {page.content_type}", *filter(None, [page.headers])]
    if page.coding == "gzip":
        body = _gzip(body)
        headers.append("Content-Encoding: gzip")
    elif page.coding == "chunked":
        body = _chunked(body)
        headers.append("Transfer-Encoding: chunked")
    if page.coding != "chunked" and not page.headers.startswith("Content-Length"):
        headers.append(f"Content-Length: {len(body)}")
    status = f"HTTP/1.1 {page.status} {_REASONS[int(page.status)]}"
    return "\r\n".join([status, *headers, "", ""]).encode() + body


def _chunked(body: bytes) -> bytes:
    parts = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _gzip(data: bytes) -> bytes:
    """A gzip member of stored blocks (RFC 1951, 3.2.4).

    Compressed bytes depend on the build of zlib. With them would the offsets of the entries, and so the identity of every
    document of the sample.
    """
    blocks = [data[start : start + _STORED_BLOCK] for start in range(0, len(data), _STORED_BLOCK)] or [b""]
    stored = b"".join(
        bytes([number == len(blocks) - 1]) + _little(len(block), 2) + _little(len(block) ^ 0xFFFF, 2) + block
        for number, block in enumerate(blocks)
    )
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + stored + _little(crc32(data), 4) + _little(len(data), 4)


def _little(number: int, size: int) -> bytes:
    return number.to_bytes(size, "little")


if __name__ == "__main__":
    for written in build(Path(sys.argv[1])):
        print(written)
