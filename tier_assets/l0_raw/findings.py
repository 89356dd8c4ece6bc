"""What a reader finds in a landed file: a document, an input it must drop, what is neither, a flaw of the whole file; and
how many entries it came to.

How they become rows and decisions is in `reading.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tier_assets.schemas import DropReason


@dataclass(frozen=True)
class Capture:
    """One document that could be read. `offset` is its locator in the file; `payload` its bytes, all codings undone."""

    offset: int
    payload: bytes
    media_type: str
    uri: str | None = None
    license: str | None = None
    fetched_at: datetime | None = None
    text: str | None = None
    language: str | None = None
    charset: str | None = None
    http_status: int | None = None
    user_id: str | None = None
    metadata: str | None = None


@dataclass(frozen=True)
class Reject:
    """One input that is dropped. `raw` is what could be had of its bytes; `detail` says what is wrong, without text."""

    offset: int
    reason: DropReason
    rule: str
    raw: bytes = b""
    uri: str | None = None
    value: float | None = None
    threshold: float | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Passed:
    """An entry of a file that is no document, and no input: a request, a description of the crawl."""

    offset: int


class FlawKind(StrEnum):
    """What can be wrong with a whole file; each is a measure `files_<kind>`."""

    TRUNCATED = "truncated"
    INCOMPLETE = "incomplete"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Flaw:
    """Something wrong with the whole file, as the rest of a sentence that starts with its name."""

    kind: FlawKind
    note: str


@dataclass(frozen=True)
class Seen:
    """At the end of a file, how many entries it had, counted where it is split and apart from what was made of them."""

    entries: int


Finding = Capture | Reject | Passed | Flaw | Seen


@dataclass
class Entries:
    """Counts the entries of a file where it is split: one that is forgotten afterwards has been counted all the same.

    Damage costs one finding, so it is an entry of its own, unless it was met within one.
    """

    seen: int = 0
    within: bool = False

    def begin(self) -> None:
        """An entry begins here."""
        self.seen += 1
        self.within = True

    def end(self) -> None:
        """The entry was read to its end."""
        self.within = False

    def damaged(self) -> None:
        """Here is damage."""
        self.seen += not self.within
        self.within = False


def too_large(offset: int, rule: str, size: int, limit: int, *, raw: bytes = b"", uri: str | None = None) -> Reject:
    """An input above a limit of the policy; for what was not decoded to its end, `size` is what had been by then."""
    return Reject(offset, DropReason.TOO_LARGE, rule, raw, uri, float(size), float(limit))
