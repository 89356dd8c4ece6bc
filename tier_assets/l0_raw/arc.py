"""ARC, the format before WARC: the documents of a stream of ARC entries, found again behind whatever is damaged.

The format is the Internet Archive's, versions 1 and 2 (archive.org/web/researcher/ArcFileFormat.php). WARC is in `warc.py`,
what the bytes come from in `streams.py`, HTTP in `http.py`.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from tier_assets.l0_raw.codings import CodingError, OversizeError
from tier_assets.l0_raw.findings import Capture, Finding, Flaw, FlawKind, Passed, Reject, too_large
from tier_assets.l0_raw.http import BadHttpError, media_type, parse_response
from tier_assets.l0_raw.streams import DamageError, Stream
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

BOUNDARIES = (b"filedesc:", b"http:", b"https:", b"ftp:", b"dns:")
FIRST = b"filedesc:"

_SCHEMES = rb"(?:filedesc|https?|ftp|dns|warcinfo)"
# URL, IP address, date, media type; version 2 has five more fields before the length.
_HEADER = re.compile(
    rb"("
    + _SCHEMES
    + rb":[^\n]{0,8000}?) ([0-9A-Fa-f.:-]{1,45}) (\d{8,14}) ([^ \n]{1,200})(?: [^\n]{0,600}?)? (\d{1,12})\r?\n"
)
_START = re.compile(rb"\n" + _SCHEMES + rb":[^\n]{0,8000} (?:\d{8}|\d{12}|\d{14}) [^\n]{1,800} \d{1,12}\r?\n")
_LONGEST_HEADER = 10_000
_ROOM_FOR_CODINGS = 1 << 20


def read_arc(stream: Stream, policy: RawPolicy) -> Iterator[Finding]:
    """The documents of an ARC file in their order, what is dropped, and the flaws of the file.

    A locator is the offset at which the gzip member of an entry begins, or its own in a plain file or one that is not
    compressed entry by entry. HTTP entries are documents; the file's description and DNS answers are passed.
    """
    aligned, entries = True, 0
    while True:
        offset = stream.position
        try:
            if not stream.next_segment():
                return
            begins = True
            while _stand_at_entry(stream):
                aligned = aligned and (begins or stream.plain)
                offset = stream.segment if aligned and not stream.plain else stream.position
                if entries == 0 and not stream.peek(len(FIRST)).startswith(FIRST):
                    yield Flaw(FlawKind.UNREADABLE, "is no ARC file")
                    return
                begins, entries = False, entries + 1
                stream.entries.begin()
                finding = _entry(stream, offset, policy.max_payload_bytes)
                stream.entries.end()
                yield finding
                if isinstance(finding, Reject) and finding.rule == "truncated":
                    yield Flaw(FlawKind.TRUNCATED, f"truncated at byte {stream.size}")
        except DamageError as damage:
            stream.entries.damaged()
            found = stream.recover(damage)
            lost = damage.truncated and not found
            rule = "truncated" if lost else "damaged_member"
            where = damage.start if aligned else offset
            yield Reject(where, DropReason.UNREADABLE, rule, detail=str(damage))
            if lost:
                yield Flaw(FlawKind.TRUNCATED, f"truncated at byte {stream.size}")
            elif not aligned or not (found or entries):
                yield Flaw(FlawKind.TRUNCATED, f"damaged at byte {damage.start}, and documents behind it are lost")


def _stand_at_entry(stream: Stream) -> bool:
    stream.skip_line_breaks()
    return bool(stream.peek(1))


def _entry(stream: Stream, offset: int, limit: int) -> Finding:
    """Read one entry and stand behind it. Raises DamageError."""
    head = stream.peek(_LONGEST_HEADER)
    header = _HEADER.match(head)
    if not header:
        following = _next_entry(stream)
        cut = stream.plain and not following and len(head) < _LONGEST_HEADER and b"\n" not in head
        return Reject(offset, DropReason.UNREADABLE, "truncated" if cut else "bad_record", detail="no ARC header")
    stream.skip(header.end())
    uri, length = _text(header[1]), int(header[5])
    most = 2 * limit + _ROOM_FOR_CODINGS
    mark = stream.mark()
    block = stream.read(length) if length <= most else b""
    passed = len(block) if length <= most else stream.skip(length)
    if passed < length or not _followed(stream, block):
        stream.reset(mark)
        following = _next_entry(stream)
        cut = passed < length and not following and stream.plain
        detail = f"its header says {length} bytes, " + (
            f"there are {passed}" if passed < length else "no entry follows"
        )
        return Reject(offset, DropReason.UNREADABLE, "truncated" if cut else "bad_record", uri=uri, detail=detail)
    if header[1].startswith((b"filedesc:", b"dns:", b"warcinfo:")):
        return Passed(offset)
    if length > most:
        return too_large(offset, "max_payload_bytes", length, limit, uri=uri)
    return _document(offset, uri, header, block, limit)


def _followed(stream: Stream, block: bytes) -> bool:
    """Whether an entry ends here: before the next one or at the segment's end. Closed by a line end it is sound and what
    follows is damaged, unless other entries lie within it.
    """
    closed = stream.peek(1) in (b"\n", b"\r")
    stream.skip_line_breaks()
    head = stream.peek(_LONGEST_HEADER)
    return not head or _HEADER.match(head) is not None or (closed and not _START.search(block))


def _next_entry(stream: Stream) -> bool:
    found = stream.skip_to(_START, _LONGEST_HEADER)
    stream.skip_line_breaks()
    return found


def _document(offset: int, uri: str, header: re.Match[bytes], block: bytes, limit: int) -> Finding:
    stated = header[4].decode("latin-1")
    if not block:
        return Reject(offset, DropReason.EMPTY, "empty_payload", uri=uri)
    if not block[:5].upper().startswith(b"HTTP/"):
        # Before version 1.1 of the crawler, and for FTP, the entry is the document itself.
        if len(block) > limit:
            return too_large(offset, "max_payload_bytes", len(block), limit, raw=block, uri=uri)
        return Capture(offset, block, media_type(stated, block), uri, fetched_at=_date(header[3]))
    try:
        response = parse_response(block, limit, stated)
    except (BadHttpError, CodingError) as error:
        return Reject(offset, DropReason.UNREADABLE, "bad_http", block, uri, detail=str(error))
    except OversizeError as error:
        return too_large(offset, "max_payload_bytes", error.size, limit, raw=block, uri=uri)
    if len(response.body) > limit:
        return too_large(offset, "max_payload_bytes", len(response.body), limit, raw=block, uri=uri)
    if not response.body:
        detail = f"HTTP status {response.status}"
        return Reject(offset, DropReason.EMPTY, "empty_payload", block, uri, detail=detail)
    known = {"flaws": response.flaws, "headers": dict(response.rights)}
    known = {name: value for name, value in known.items() if value}
    return Capture(
        offset,
        response.body,
        response.media_type,
        uri,
        fetched_at=_date(header[3]),
        charset=response.charset,
        http_status=response.status,
        metadata=json.dumps(known) if known else None,
    )


def _date(digits: bytes) -> datetime | None:
    """YYYYMMDD[hhmm[ss]], in UTC; None for digits that are no date."""
    text = digits.decode()
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(text))
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC) if form else None
    except ValueError:
        return None


def _text(url: bytes) -> str:
    try:
        return url.decode()
    except UnicodeDecodeError:
        return url.decode("latin-1")
