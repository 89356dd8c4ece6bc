"""What a row of JSONL, CSV, Parquet or Arrow must look like: its fields, one by one, and the rule that drops it.

Known: the text, which is the first of the policy's `text_columns` that the row has, or `html` (not both, unless it is
among them), `url`, `id`, `fetched_at`, `language`, `license`. All others become `metadata`.
"""

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from tier_assets.l0_raw.dates import from_epoch, from_iso
from tier_assets.l0_raw.findings import Capture, Reject, too_large
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

HTML = "html"
NO_TEXT = "no_text"
NAMES = ("url", "id", "language", "license")
KNOWN = frozenset({*NAMES, "fetched_at"})
_MOST_SHOWN, _LONGEST_SHOWN = 20, 40


class _FieldError(Exception):
    """A field that is not what it must be; `rule` is the name of the rule that drops the row."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule


def read_fields(row: Mapping[str, Any], offset: int, raw: bytes, policy: RawPolicy) -> Capture | Reject:
    """The document of a row, or why it is dropped.

    Bytes are read as UTF-8. Text that is no Unicode (a lone surrogate escaped in JSON) drops the row as `bad_encoding`:
    to replace it would be to publish what nobody wrote. The payload is the text or HTML as UTF-8, and says so.
    """
    try:
        name, content = _content(row, policy.text_columns)
        payload = content.encode()
        if not payload:
            return Reject(offset, DropReason.EMPTY, "empty_payload", raw, detail=f"{name} is empty")
        names = {each: _name(row, each) for each in NAMES}
        limit = policy.max_payload_bytes
        if len(payload) > limit:
            return too_large(offset, "max_payload_bytes", len(payload), limit, raw=raw, uri=names["url"])
        return Capture(
            offset,
            payload,
            "text/html" if name == HTML else "text/plain",
            names["url"],
            names["license"],
            _fetched_at(row.get("fetched_at")),
            None if name == HTML else content,
            names["language"],
            charset="utf-8",
            user_id=names["id"],
            metadata=_metadata(_others(row, name, policy.text_columns)),
        )
    except UnicodeError:
        return Reject(offset, DropReason.UNREADABLE, "bad_encoding", raw, detail="holds what is no Unicode text")
    except RecursionError:
        return Reject(offset, DropReason.UNREADABLE, "bad_field", raw, detail="nested too deeply")
    except _FieldError as error:
        return Reject(offset, DropReason.UNREADABLE, error.rule, raw, detail=str(error))


def no_text(names: Iterable[str], text_columns: Sequence[str]) -> str | None:
    """What is wrong with these columns, as the rest of a sentence, where none of them can be the text."""
    there = list(names)
    wanted = dict.fromkeys((*text_columns, HTML))
    if any(name in there for name in wanted):
        return None
    shown = ", ".join(repr(name[:_LONGEST_SHOWN]) for name in there[:_MOST_SHOWN]) or "none"
    more = ", ..." if len(there) > _MOST_SHOWN else ""
    return f"has no column {' or '.join(wanted)}, but {shown}{more}: name that of the text in raw.text_columns"


def _content(row: Mapping[str, Any], text_columns: Sequence[str]) -> tuple[str, str]:
    """The name of the field that holds the text or HTML, and what it holds."""
    name = next((each for each in text_columns if row.get(each) is not None), None)
    if HTML not in text_columns and row.get(HTML) is not None:
        if name is not None:
            raise _FieldError("two_texts", f"has both {name} and {HTML}")
        name = HTML
    if name is None:
        raise _FieldError(NO_TEXT, no_text(row, text_columns) or "holds nothing in its column of text")
    value = row[name]
    if isinstance(value, bytes):
        value = value.decode()
    if not isinstance(value, str):
        raise _FieldError("bad_text", f"{name} is no string")
    return name, value


def _name(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if isinstance(value, bytes):
        value = value.decode()
    if name == "id" and value is not None and not isinstance(value, str):
        return json.dumps(value, default=str)
    if value is not None and not isinstance(value, str):
        raise _FieldError("bad_field", f"{name} is no string")
    if value is not None:
        value.encode()
    return value


def _fetched_at(value: Any) -> datetime | None:
    if value is None:
        return None
    found = None
    if isinstance(value, datetime):
        found = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    elif isinstance(value, date):
        found = datetime.combine(value, time(), UTC)
    elif isinstance(value, str | bytes):
        found = from_iso(value if isinstance(value, str) else value.decode())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = from_epoch(value)
    if found is None:
        raise _FieldError("bad_fetched_at", "fetched_at is neither an ISO 8601 date nor seconds since 1970")
    return found


def _others(row: Mapping[str, Any], text: str, text_columns: Sequence[str]) -> dict[str, Any]:
    """What is no known field; of other columns of texts, those that hold something."""
    return {
        name: value
        for name, value in row.items()
        if not (name == text or name in KNOWN or (value is None and (name == HTML or name in text_columns)))
    }


def _metadata(others: Mapping[str, Any]) -> str | None:
    """The other fields as a JSON object in their order; what JSON cannot say is put as text, what is no number as null."""
    if not others:
        return None
    try:
        return json.dumps(others, allow_nan=False)
    except (ValueError, TypeError):
        return json.dumps(_sayable(others), allow_nan=False)


def _sayable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _sayable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if value is None or isinstance(value, str | int) else str(value)
