"""CSV and TSV with a header, plain or compressed: one document a row. What the columns mean is in `fields.py`.

The form is RFC 4180's, for both: fields that hold the delimiter, a quote or a line end stand in quotes, quotes in them are
doubled. Read here rather than by the library's csv, which knows no offsets, and reads on to the end of the file behind a
quote that nobody closed.
"""

import re
from collections.abc import Iterator

from tier_assets.l0_raw.fields import HTML, KNOWN, no_text, read_fields
from tier_assets.l0_raw.findings import Capture, Finding, Flaw, FlawKind, Reject, too_large
from tier_assets.l0_raw.streams import DamageError, Stream
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SECONDS = re.compile(r"\d{1,12}(?:\.\d+)?")


class _OpenQuoteError(Exception):
    """A field in quotes that does not end; `line` is where it begins."""

    def __init__(self, line: bytes) -> None:
        super().__init__("a quote that is not closed")
        self.line = line


class _LongRowError(Exception):
    """A row longer than the limit, of so many bytes at least."""

    def __init__(self, length: int) -> None:
        super().__init__(f"{length} bytes")
        self.length = length


def read_csv(stream: Stream, policy: RawPolicy) -> Iterator[Finding]:
    """Comma-separated: see `read_delimited`."""
    yield from read_delimited(stream, policy, b",")


def read_tsv(stream: Stream, policy: RawPolicy) -> Iterator[Finding]:
    """Tab-separated: see `read_delimited`."""
    yield from read_delimited(stream, policy, b"\t")


def read_delimited(stream: Stream, policy: RawPolicy, delimiter: bytes) -> Iterator[Finding]:
    """One document or dropped input per row behind the header; the locator is the row's offset when decompressed.

    Columns may stand in any order; an empty field is none. A row of another number of fields than the header is dropped
    as `bad_row`: which field is which cannot be known. A header without a column for the text, or with a name twice, is a
    flaw of the file, as is damage of its compression.
    """
    try:
        names = _header(stream, policy, delimiter)
        if isinstance(names, Flaw):
            yield names
            return
        while stream.peek(1) or stream.next_segment():
            row = _split(stream, policy.max_line_bytes, delimiter)
            if row is not None:
                yield _parsed(*row, policy, delimiter, names)
    except DamageError as damage:
        known = "truncated" if damage.truncated else f"damaged ({damage})"
        yield Flaw(FlawKind.TRUNCATED, f"{known} at byte {stream.size if damage.truncated else damage.start}")


def _header(stream: Stream, policy: RawPolicy, delimiter: bytes) -> list[str] | Flaw:
    if not stream.next_segment() or not stream.peek(1):
        return Flaw(FlawKind.EMPTY, "empty")
    if stream.peek(len(_BYTE_ORDER_MARK)) == _BYTE_ORDER_MARK:
        stream.skip(len(_BYTE_ORDER_MARK))
    try:
        names = [field.decode().strip() for field in _fields(stream, policy.max_line_bytes, delimiter)]
    except (UnicodeDecodeError, _OpenQuoteError, _LongRowError):
        return Flaw(FlawKind.UNREADABLE, "has no header that can be read")
    if any("\r" in name for name in names):
        return Flaw(FlawKind.UNREADABLE, "ends its lines in CR alone, so that all of it is one line: save it with LF")
    if len(set(names)) < len(names):
        return Flaw(FlawKind.UNREADABLE, "names a column twice in its header")
    flaw = no_text(names, policy.text_columns)
    return Flaw(FlawKind.UNREADABLE, flaw) if flaw else names


def _split(
    stream: Stream, limit: int, delimiter: bytes
) -> tuple[int, list[bytes] | _LongRowError | _OpenQuoteError] | None:
    """The next row: its offset, and its fields or why it has none. None for a blank one; any other is counted as an entry."""
    offset = stream.position
    fields: list[bytes] | _LongRowError | _OpenQuoteError
    try:
        fields = _fields(stream, limit, delimiter)
    except (_LongRowError, _OpenQuoteError) as error:
        fields = error
    if fields == [b""]:
        return None
    stream.entries.begin()
    return offset, fields


def _parsed(
    offset: int,
    fields: list[bytes] | _LongRowError | _OpenQuoteError,
    policy: RawPolicy,
    delimiter: bytes,
    names: list[str],
) -> Capture | Reject:
    if isinstance(fields, _LongRowError):
        return too_large(offset, "max_line_bytes", fields.length, policy.max_line_bytes)
    if isinstance(fields, _OpenQuoteError):
        detail = "has a quote that is not closed"
        return Reject(offset, DropReason.UNREADABLE, "bad_row", fields.line, detail=detail)
    raw = delimiter.join(fields)
    if len(fields) != len(names):
        detail = f"has {len(fields)} fields, the header {len(names)}"
        return Reject(offset, DropReason.UNREADABLE, "bad_row", raw, detail=detail)
    known = KNOWN.union(policy.text_columns, (HTML,))
    try:
        row: dict[str, object] = {
            name: field.decode() if field or name not in known else None
            for name, field in zip(names, fields, strict=True)
        }
    except UnicodeDecodeError:
        return Reject(offset, DropReason.UNREADABLE, "bad_encoding", raw, detail="is no UTF-8")
    fetched_at = row.get("fetched_at")
    if isinstance(fetched_at, str) and _SECONDS.fullmatch(fetched_at):
        row["fetched_at"] = float(fetched_at)
    return read_fields(row, offset, raw, policy)


def _fields(stream: Stream, limit: int, delimiter: bytes) -> list[bytes]:
    """The fields of the next row, unquoted.

    Raises _LongRowError; DamageError; _OpenQuoteError where a quote is not closed within the file or the limit: only the
    line it stands in is then consumed.
    """
    lines = [_line(stream, limit)]
    following_line = stream.position
    length = len(lines[0])
    fields: list[bytes] = []
    at = 0
    while True:
        line = lines[-1].removesuffix(b"\r")
        if line[at : at + 1] == b'"':
            parts: list[bytes] = []
            start = at + 1
            while (end := _closing(line, start)) < 0:
                parts.append(line[start:] + b"\n")
                if length > limit or not stream.peek(1):
                    # The last line of a file may lack its end.
                    stream.unread(b"".join(each + b"\n" for each in lines[1:])[: stream.position - following_line])
                    raise _OpenQuoteError(lines[0])
                lines.append(_line(stream, limit))
                line, start, length = lines[-1].removesuffix(b"\r"), 0, length + len(lines[-1])
            # What follows a closing quote up to the delimiter belongs to the field, as spreadsheets read it.
            following = line.find(delimiter, end + 1)
            parts += (line[start:end], line[end + 1 : following if following >= 0 else len(line)])
            fields.append(b"".join(parts).replace(b'""', b'"'))
        else:
            following = line.find(delimiter, at)
            fields.append(line[at : following if following >= 0 else len(line)])
        if following < 0:
            return fields
        at = following + 1


def _line(stream: Stream, limit: int) -> bytes:
    line, length = stream.read_line(limit)
    if length > limit:
        raise _LongRowError(length)
    return line


def _closing(line: bytes, start: int) -> int:
    """Where the quote stands that closes a field, doubled ones passed over; -1 if it is not in this line."""
    at = line.find(b'"', start)
    while at >= 0 and line[at + 1 : at + 2] == b'"':
        at = line.find(b'"', at + 2)
    return at
