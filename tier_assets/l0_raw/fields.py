"""What a row of JSONL or Parquet must look like: its fields, one by one, and the rule that drops it.

Known: `text` or `html` (one of them), `url`, `id`, `fetched_at`, `language`, `license`. All others become `metadata`.
"""

import base64
import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from tier_assets.l0_raw.dates import from_epoch, from_iso
from tier_assets.l0_raw.findings import Capture, Reject, too_large
from tier_assets.schemas import DropReason

TEXTS = ("text", "html")
NAMES = ("url", "id", "language", "license")
KNOWN = frozenset({*TEXTS, *NAMES, "fetched_at"})


class _FieldError(Exception):
    """A field that is not what it must be; `rule` is the name of the rule that drops the row."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule


def read_fields(row: Mapping[str, Any], offset: int, raw: bytes, max_payload_bytes: int) -> Capture | Reject:
    """The document of a row, or why it is dropped.

    Bytes are read as UTF-8. Text that is no Unicode (a lone surrogate escaped in JSON) drops the row as `bad_encoding`:
    to replace it would be to publish what nobody wrote. The payload is the text or HTML as UTF-8, and says so.
    """
    try:
        kind, content = _content(row)
        payload = content.encode()
        if not payload:
            return Reject(offset, DropReason.EMPTY, "empty_payload", raw, detail=f"{kind} is empty")
        names = {name: _name(row, name) for name in NAMES}
        if len(payload) > max_payload_bytes:
            rule = "max_payload_bytes"
            return too_large(offset, rule, len(payload), max_payload_bytes, raw=raw, uri=names["url"])
        return Capture(
            offset,
            payload,
            "text/plain" if kind == "text" else "text/html",
            names["url"],
            names["license"],
            _fetched_at(row.get("fetched_at")),
            content if kind == "text" else None,
            names["language"],
            charset="utf-8",
            user_id=names["id"],
            metadata=_metadata({name: value for name, value in row.items() if name not in KNOWN}),
        )
    except UnicodeError:
        return Reject(offset, DropReason.UNREADABLE, "bad_encoding", raw, detail="holds what is no Unicode text")
    except RecursionError:
        return Reject(offset, DropReason.UNREADABLE, "bad_field", raw, detail="nested too deeply")
    except _FieldError as error:
        return Reject(offset, DropReason.UNREADABLE, error.rule, raw, detail=str(error))


def _content(row: Mapping[str, Any]) -> tuple[str, str]:
    given = [name for name in TEXTS if row.get(name) is not None]
    if not given:
        raise _FieldError("no_text", "has neither text nor html")
    if len(given) > 1:
        raise _FieldError("two_texts", "has both text and html")
    value = row[given[0]]
    if isinstance(value, bytes):
        value = value.decode()
    if not isinstance(value, str):
        raise _FieldError("bad_text", f"{given[0]} is no string")
    return given[0], value


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
