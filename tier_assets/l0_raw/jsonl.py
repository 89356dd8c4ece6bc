"""JSONL, plain or compressed: one JSON object a line. What its fields mean is in `fields.py`."""

import json
from collections.abc import Iterator
from typing import Any

from tier_assets.l0_raw.fields import NO_TEXT, read_fields
from tier_assets.l0_raw.findings import Capture, Finding, Flaw, FlawKind, Reject, too_large
from tier_assets.l0_raw.streams import DamageError, Stream
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_jsonl(stream: Stream, policy: RawPolicy) -> Iterator[Finding]:
    """One document or dropped input per line that is not blank; the locator is the line's offset when decompressed.

    A byte order mark before the first line and CR before a line's end are no part of it. A longer line than the policy's
    `max_line_bytes` is passed over in constant memory. What follows damage in a compressed file is lost: a flaw. So is a
    file of which no line has a field for the text.
    """
    first: Capture | Reject | None = None
    textless = True
    try:
        while stream.next_segment():
            while stream.peek(1):
                line = _split(stream, policy.max_line_bytes)
                if line is None:
                    continue
                finding = _parsed(*line, policy)
                yield finding
                first = first or finding
                textless = textless and isinstance(finding, Reject) and finding.rule == NO_TEXT
        if isinstance(first, Reject) and first.detail and textless:
            yield Flaw(FlawKind.UNREADABLE, first.detail)
    except DamageError as damage:
        known = "truncated" if damage.truncated else f"damaged ({damage})"
        yield Flaw(FlawKind.TRUNCATED, f"{known} at byte {stream.size if damage.truncated else damage.start}")


def _split(stream: Stream, limit: int) -> tuple[int, bytes, int] | None:
    """The next line: its offset, its bytes, its length. None for a blank one; any other is counted as an entry."""
    offset = stream.position
    line, length = stream.read_line(limit)
    line = line.removesuffix(b"\r")
    if length <= limit and not _body(offset, line).strip():
        return None
    stream.entries.begin()
    return offset, line, length


def _body(offset: int, line: bytes) -> bytes:
    return line.removeprefix(_BYTE_ORDER_MARK) if offset == 0 else line


def _parsed(offset: int, line: bytes, length: int, policy: RawPolicy) -> Capture | Reject:
    if length > policy.max_line_bytes:
        return too_large(offset, "max_line_bytes", length, policy.max_line_bytes)
    body = _body(offset, line)
    try:
        row = json.loads(body.decode(), parse_constant=_refuse)
    except UnicodeDecodeError:
        return Reject(offset, DropReason.UNREADABLE, "bad_encoding", line, detail="is no UTF-8")
    except (ValueError, RecursionError):
        return Reject(offset, DropReason.UNREADABLE, "bad_json", line, detail="is no JSON")
    if not isinstance(row, dict):
        return Reject(offset, DropReason.UNREADABLE, "no_object", line, detail="is JSON, but no object")
    return read_fields(row, offset, line, policy)


def _refuse(constant: str) -> Any:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(constant)
