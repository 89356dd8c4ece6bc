"""Which values of the policy versions were made with: kept once per table and set of values, under the digest of the file.

A version's commit names the file only: L1 alone reads some 150 values, and ten thousand partitions have a handful of sets.
What a value means is `policy.py`'s; what differs from today's, `staleness.py`'s.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tier_assets.errors import LakeError
from tier_assets.files.digests import text_digest
from tier_assets.files.durable import sweep_temporaries, write_text


def keep_values(table: Path, values: Mapping[str, Any]) -> str:
    """Write values, by their keys in full, durably beside the table's data if they are not there.

    Returns their digest, empty for no values. Call it before a candidate is staged, so that no version ever names what is
    not there. Raises LakeError where they cannot be written.
    """
    if not values:
        return ""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    digest = text_digest(text)
    if kept_values(table, digest) is None:
        try:
            # What killed processes left.
            sweep_temporaries(_path(table, digest).parent)
            write_text(_path(table, digest), text)
        except OSError as error:
            raise LakeError(f"{table} cannot be written to ({error}): mend that, then materialize again") from None
    return digest


def kept_values(table: Path, digest: str) -> dict[str, Any] | None:
    """The values of a digest as JSON has them; None where the file is gone or not what was written."""
    try:
        text = _path(table, digest).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return dict(json.loads(text)) if text_digest(text) == digest else None


def _path(table: Path, digest: str) -> Path:
    return table / "_policies" / f"{digest}.json"
