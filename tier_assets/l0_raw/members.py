"""A file within an archive or a landed folder: a document or a counted drop. Where its bytes come from is in `archives.py`.

Nothing is ever written under a member's name, so that one that leads elsewhere does no harm; it is dropped all the same.
"""

import codecs
import json
from dataclasses import dataclass
from pathlib import PurePosixPath

from tier_assets.l0_raw.findings import Capture, Reject, too_large
from tier_assets.l0_raw.pdf import read_pdf
from tier_assets.landing.kinds import Kind, is_archive, is_minified, kind_of, unsafe
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

# Git's own test: a NUL byte among the first 8,000.
_BINARY_BYTES = 8_000
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MINIFIABLE = frozenset({"text/x-javascript", "text/x-css"})


@dataclass(frozen=True)
class Member:
    """A file of an archive, before its bytes are read. `offset` is its locator there, `size` what it is said to hold."""

    archive: str
    offset: int
    path: str
    size: int
    is_file: bool = True

    @property
    def uri(self) -> str | None:
        """`file:<archive>#<path>`; None where the path cannot be shown."""
        return None if unsafe(self.path) else f"file:{self.archive}#{self.path}"

    @property
    def top(self) -> str:
        """The folder at the archive's root in which it lies; empty for the root itself."""
        parts = PurePosixPath(self.path).parts
        return parts[0] if len(parts) > 1 else ""


def unwanted(member: Member, policy: RawPolicy) -> Reject | None:
    """Why a member is dropped without a look at its bytes; None for one to be read."""
    path = member.path
    if unsafe(path):
        return _drop(member, "unsafe_name", "has a name that leads elsewhere or cannot be shown")
    if not member.is_file:
        return _drop(member, "no_file", "is a link or a device")
    kind = kind_of(path)
    if is_archive(path):
        return _drop(member, "nested_archive", "is an archive within an archive: land it by itself")
    if kind.media_type is None:
        return _drop(member, "unknown_kind", "is of no kind that is read, judging by its name")
    folders = PurePosixPath(path).parts[:-1]
    if kind.code and any(folder.lower() in policy.vendored_folders for folder in folders):
        return _drop(member, "vendored", "lies in a folder of other people's code")
    if is_minified(path):
        return _drop(member, "minified", "is minified, judging by its name")
    return oversize(member, kind, policy)


def oversize(member: Member, kind: Kind, policy: RawPolicy) -> Reject | None:
    """Drops a member that says it is longer than the policy allows."""
    rule = "max_code_bytes" if kind.code else "max_payload_bytes"
    limit = most_bytes(kind, policy)
    return too_large(member.offset, rule, member.size, limit, uri=member.uri) if member.size > limit else None


def most_bytes(kind: Kind, policy: RawPolicy) -> int:
    """The longest payload of that kind."""
    return min(policy.max_code_bytes, policy.max_payload_bytes) if kind.code else policy.max_payload_bytes


def read_member(member: Member, payload: bytes, license_id: str | None, policy: RawPolicy) -> Capture | Reject:
    """The document that a member is. Text that is no UTF-8 is kept as it is, to be decoded where text is extracted."""
    kind = kind_of(member.path)
    media_type = kind.media_type or ""
    if not payload:
        return Reject(member.offset, DropReason.EMPTY, "empty_payload", uri=member.uri)
    metadata = json.dumps({"path": member.path})
    if media_type == "application/pdf":
        return read_pdf(member.offset, payload, policy, uri=member.uri, license_id=license_id, metadata=metadata)
    if b"\0" in payload[:_BINARY_BYTES] and not payload.startswith(_WIDE):
        return _drop(member, "binary", "holds NUL bytes: is no text", payload)
    text, charset = _text(payload)
    if media_type in _MINIFIABLE and len(payload) > policy.max_mean_line_bytes * (1 + payload.count(b"\n")):
        return _drop(member, "minified", "has lines as long as a minifier makes them", payload)
    html = media_type in ("text/html", "application/xhtml+xml")
    return Capture(
        member.offset,
        payload,
        media_type,
        member.uri,
        license_id,
        text=None if html else text,
        charset=None if html else charset,
        metadata=metadata,
    )


def damaged(member: Member, detail: str, raw: bytes = b"") -> Reject:
    """A member that cannot be unpacked."""
    return Reject(member.offset, DropReason.UNREADABLE, "damaged_member", raw, member.uri, detail=detail)


def _drop(member: Member, rule: str, detail: str, raw: bytes = b"") -> Reject:
    # Not `unreadable`: nothing is wrong with a picture in a repository, and a gate counts what is.
    return Reject(member.offset, DropReason.QUALITY, rule, raw, member.uri, detail=detail)


def _text(payload: bytes) -> tuple[str | None, str | None]:
    try:
        return payload.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return None, None
