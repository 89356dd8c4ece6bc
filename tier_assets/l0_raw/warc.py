"""WARC and WET: the documents of a stream of WARC entries, found again behind whatever is damaged.

Read here rather than by fastwarc or warcio, since both end without a word at a damaged or cut member and believe any
Content-Length. The format is ISO 28500 (WARC 0.17 to 1.1). What the bytes come from is in `streams.py`, HTTP in `http.py`.
"""

import json
import re
from collections.abc import Iterator, Mapping

from tier_assets.l0_raw.codings import CodingError, OversizeError
from tier_assets.l0_raw.dates import from_iso
from tier_assets.l0_raw.findings import Capture, Finding, Flaw, FlawKind, Passed, Reject, too_large
from tier_assets.l0_raw.http import BadHttpError, charset, media_type, parse_response
from tier_assets.l0_raw.streams import DamageError, Stream
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

BOUNDARY = b"WARC/"

_VERSION = re.compile(rb"WARC/[01]\.\d{1,2}[ \t]*\r?\n")
_HEADER_START = re.compile(rb"WARC/[01]\.\d{1,2}[ \t]*\r?\n[A-Za-z][A-Za-z-]{1,60}[ \t]*:")
_HEADER_START_BYTES = 256
_BLANK = re.compile(rb"\r?\n\r?\n")
_END = b"\r\n\r\n"
_FOLD = re.compile(r"\r?\n[ \t]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_LONGEST_HEADER = 1 << 16
_ROOM_FOR_CODINGS = 1 << 20  # headers and chunk sizes around a payload; a block may hold twice the payload and this
_NO_DOCUMENTS = frozenset({"warcinfo", "request", "metadata"})


def read_warc(stream: Stream, policy: RawPolicy) -> Iterator[Finding]:
    """The documents of a WARC file in their order, what is dropped, and the flaws of the file.

    Responses, resources and conversions (WET) are documents; revisits, empty payloads, broken entries and damaged members
    are dropped ones; requests, warcinfo and metadata are passed. A locator is the offset at which the gzip member of an
    entry begins, which is what a WARC reader seeks to. From the first entry on that does not begin a member (a file that
    is one member, or compressed in blocks) it is the offset in the decompressed file, the only one there is.
    """
    yield from _Reader(stream, policy).findings()


class _BadEntryError(Exception):
    """An entry that is not what the format says."""


class _Reader:
    def __init__(self, stream: Stream, policy: RawPolicy) -> None:
        self._stream = stream
        self._limit = policy.max_payload_bytes
        self._aligned = True
        self._offset = 0
        self._entries = 0
        self._foreign = False

    def findings(self) -> Iterator[Finding]:
        while True:
            self._offset = -1
            try:
                if not self._stream.next_segment():
                    return
                yield from self._segment()
            except DamageError as damage:
                self._stream.entries.damaged()
                found = self._stream.recover(damage)
                yield from self._damaged(damage, found)
            if self._foreign:
                return

    def _segment(self) -> Iterator[Finding]:
        begins = True
        while True:
            self._stream.skip_line_breaks()
            if not self._stream.peek(1):
                return
            self._aligned = self._aligned and (begins or self._stream.plain)
            self._offset = self._stream.segment if self._aligned and not self._stream.plain else self._stream.position
            begins = False
            if self._entries == 0 and not self._stream.peek(len(BOUNDARY)).startswith(BOUNDARY):
                yield Flaw(FlawKind.UNREADABLE, "is no WARC file")
                self._foreign = True
                return
            self._stream.entries.begin()
            finding = self._entry()
            self._stream.entries.end()
            self._entries += 1
            yield finding
            if isinstance(finding, Reject) and finding.rule == "truncated":
                yield Flaw(FlawKind.TRUNCATED, f"truncated at byte {self._stream.size}")

    def _damaged(self, damage: DamageError, found: bool) -> Iterator[Finding]:
        """One dropped document for a damaged member, whatever it held, and a flaw where the loss may be larger."""
        offset = self._offset if self._offset >= 0 else damage.start if self._aligned else self._stream.position
        if damage.truncated and not found:
            yield Reject(offset, DropReason.UNREADABLE, "truncated", detail=str(damage))
            yield Flaw(FlawKind.TRUNCATED, f"truncated at byte {self._stream.size}")
            return
        yield Reject(offset, DropReason.UNREADABLE, "damaged_member", detail=str(damage))
        if not self._aligned or not (found or self._entries):
            yield Flaw(FlawKind.TRUNCATED, f"damaged at byte {damage.start}, and documents behind it are lost")

    def _entry(self) -> Capture | Reject | Passed:
        """Read one entry and stand at the next. Raises DamageError."""
        stream = self._stream
        head = stream.peek(4096)
        blank = _BLANK.search(head) or _BLANK.search(head := stream.peek(_LONGEST_HEADER))
        if not blank or not _VERSION.match(head):
            stream.skip(1)
            at_end = not stream.skip_to(_HEADER_START, _HEADER_START_BYTES)
            if at_end and stream.plain and not blank and len(head) < _LONGEST_HEADER:
                return self._reject("truncated", "the file ends within a WARC header")
            return self._reject("bad_record", "no WARC header")
        stream.skip(blank.end())
        fields = _fields(head[: blank.start()])
        mark = stream.mark()
        try:
            length = _length(fields)
            block = self._block(length)
        except _BadEntryError as error:
            stream.reset(mark)
            following = stream.skip_to(_HEADER_START, _HEADER_START_BYTES)
            return self._broken(fields, error, following)
        if block is None:
            return self._passed(fields) or self._oversize(length, fields)
        return self._document(fields, block)

    def _block(self, length: int) -> bytes | None:
        """The block of that length, None if it is too long to be kept. Raises _BadEntryError if another length is true."""
        stream = self._stream
        most = 2 * self._limit + _ROOM_FOR_CODINGS
        block = stream.read(length) if length <= most else None
        found = stream.skip(length) if block is None else len(block)
        if found < length:
            raise _BadEntryError(f"Content-Length says {length} bytes, there are {found}")
        closed = stream.peek(len(_END)) == _END
        stream.skip_line_breaks()
        followed = BOUNDARY.startswith(stream.peek(len(BOUNDARY)))
        # Closed as it should be, the entry is sound and what follows is damaged, unless other entries lie within it.
        if not followed and (not closed or _HEADER_START.search(block or b"")):
            raise _BadEntryError(f"no entry follows after the {length} bytes that Content-Length says")
        return block

    def _passed(self, fields: Mapping[str, str]) -> Passed | None:
        """For an entry that is no document."""
        return Passed(self._offset) if fields.get("warc-type") in _NO_DOCUMENTS else None

    def _broken(self, fields: Mapping[str, str], error: _BadEntryError, following: bool) -> Reject | Passed:
        if self._stream.plain and not following and "there are" in str(error):
            return self._reject("truncated", str(error), fields)
        return self._passed(fields) or self._reject("bad_record", str(error), fields)

    def _document(self, fields: Mapping[str, str], block: bytes) -> Capture | Reject | Passed:
        passed = self._passed(fields)
        if passed:
            return passed
        kind = fields.get("warc-type", "")
        if kind == "revisit":
            return self._reject("revisit", "the same payload as an earlier capture", fields, DropReason.EMPTY)
        if kind not in ("response", "resource", "conversion") or "warc-segment-number" in fields:
            return self._reject(
                "bad_record", f"an entry of the unsupported type {kind[:40]!r}, or a part of one", fields
            )
        stated = fields.get("content-type")
        if kind == "response" and media_type(stated) == "application/http":
            return self._response(fields, block)
        if len(block) > self._limit:
            return self._oversize(len(block), fields, block)
        if not block:
            return self._reject("empty_payload", None, fields, DropReason.EMPTY)
        found = media_type(stated, block)
        return Capture(
            self._offset,
            block,
            found,
            fields.get("warc-target-uri"),
            fetched_at=from_iso(fields.get("warc-date", "")),
            text=_text(block) if kind == "conversion" and found == "text/plain" else None,
            language=_language(fields.get("warc-identified-content-language", "")),
            charset="utf-8" if kind == "conversion" else charset(stated),
            metadata=_metadata(fields),
        )

    def _response(self, fields: Mapping[str, str], block: bytes) -> Capture | Reject:
        try:
            response = parse_response(block, self._limit, fields.get("warc-identified-payload-type"))
        except (BadHttpError, CodingError) as error:
            return self._reject("bad_http", str(error), fields, raw=block)
        except OversizeError as error:
            return self._oversize(error.size, fields, block)
        if len(response.body) > self._limit:
            return self._oversize(len(response.body), fields, block)
        if not response.body:
            return self._reject("empty_payload", f"HTTP status {response.status}", fields, DropReason.EMPTY, block)
        return Capture(
            self._offset,
            response.body,
            response.media_type,
            fields.get("warc-target-uri"),
            fetched_at=from_iso(fields.get("warc-date", "")),
            charset=response.charset,
            http_status=response.status,
            metadata=_metadata(fields, response.flaws, response.rights),
        )

    def _oversize(self, size: int, fields: Mapping[str, str], raw: bytes = b"") -> Reject:
        uri = fields.get("warc-target-uri")
        return too_large(self._offset, "max_payload_bytes", size, self._limit, raw=raw, uri=uri)

    def _reject(
        self,
        rule: str,
        detail: str | None,
        fields: Mapping[str, str] | None = None,
        reason: DropReason = DropReason.UNREADABLE,
        raw: bytes = b"",
    ) -> Reject:
        return Reject(self._offset, reason, rule, raw, (fields or {}).get("warc-target-uri"), detail=detail)


def _fields(header: bytes) -> dict[str, str]:
    """Named fields by lower-case name, the first of repeated ones; UTF-8, else Latin-1 as old crawlers wrote."""
    try:
        text = header.decode()
    except UnicodeDecodeError:
        text = header.decode("latin-1")
    fields: dict[str, str] = {}
    for line in _FOLD.sub(" ", text).split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    return fields


def _length(fields: Mapping[str, str]) -> int:
    stated = fields.get("content-length", "")
    if not (stated.isascii() and stated.isdigit() and len(stated) <= 18):
        raise _BadEntryError("no Content-Length" if not stated else "Content-Length is no number of bytes")
    return int(stated)


def _text(block: bytes) -> str | None:
    """The block as text; what is no UTF-8 is left to be decoded where text is extracted."""
    try:
        return block.decode()
    except UnicodeDecodeError:
        return None


def _language(stated: str) -> str | None:
    """The one language that the crawler identified; of several, none is the text's."""
    return stated if _LANGUAGE.fullmatch(stated) else None


def _metadata(
    fields: Mapping[str, str], flaws: tuple[str, ...] = (), rights: Mapping[str, str] | None = None
) -> str | None:
    """As JSON: what is wrong with a capture (cut by the crawler, coded otherwise than it says), what its headers allow."""
    known: dict[str, object] = {}
    if "warc-truncated" in fields:
        known["warc_truncated"] = fields["warc-truncated"]
    if flaws:
        known["flaws"] = flaws
    if rights:
        known["headers"] = dict(rights)
    return json.dumps(known) if known else None
