"""Small JSON documents that carry a digest of what they say: a flipped bit makes one unusable, never another."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tier_assets.files.digests import text_digest
from tier_assets.files.durable import write_json

_DIGEST = "digest"
# That there is a digest is said twice, so that one which lost its name to a flipped bit is not taken for an older document.
_MARK = {"has_digest": True}


def write_document(path: Path, values: Mapping[str, Any]) -> None:
    """Write a document durably. No value is called `digest` or `has_digest`."""
    marked = {**values, **_MARK}
    write_json(path, {**marked, _DIGEST: _digest(marked)})


def read_document(path: Path) -> dict[str, Any]:
    """The values of a document. Those written before they carried digests are taken at their word.

    Raises FileNotFoundError without one, ValueError where it is no document or not what was written.
    """
    values = json.loads(path.read_bytes())
    if not isinstance(values, dict):
        raise ValueError("it is no table of values")
    digest = values.pop(_DIGEST, None)
    if digest != (_digest(values) if digest is not None or _MARK.keys() & values.keys() else None):
        raise ValueError("it is not what was written")
    return {name: value for name, value in values.items() if name not in _MARK}


def _digest(values: Mapping[str, Any]) -> str:
    return text_digest(json.dumps(values, sort_keys=True, ensure_ascii=False))
