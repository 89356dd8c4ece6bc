"""An HTTP response as a WARC file stores it: status, media type, charset, and the body with its codings undone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tier_assets.l0_raw.codings import Decoded, undo_chunks, undo_content

UNKNOWN_MEDIA_TYPE = "application/octet-stream"

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?:[ \t][^\r\n]*)?\r?\n", re.IGNORECASE)
_BLANK = re.compile(rb"\r?\n\r?\n")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9][A-Za-z0-9._:+-]*)", re.IGNORECASE)
_HTML = re.compile(rb"\s*(?:<!--.{0,400}?-->\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_FOLD = re.compile(r"\r?\n[ \t]+")
_LICENSE_LINK = re.compile(r"rel\s*=\s*[\"']?[^\"';,]*\blicense\b", re.IGNORECASE)
_ADDING_UP = frozenset({"content-encoding", "transfer-encoding", "x-robots-tag", "link"})
# What may be done with a page, as its server states it: robots tags, W3C's TDM Reservation Protocol, RFC 8288.
_RIGHTS = ("x-robots-tag", "tdm-reservation", "tdm-policy")
_LONGEST_RIGHT = 2_000
_MOST_CODINGS = 4  # more are an attack: each costs a pass over the body


class BadHttpError(Exception):
    """A block that is no HTTP response."""


@dataclass(frozen=True)
class Response:
    """A parsed response. `flaws` names what was wrong with its codings, `rights` holds the headers that state rights."""

    status: int
    media_type: str
    charset: str | None
    body: bytes
    flaws: tuple[str, ...] = ()
    rights: Mapping[str, str] = field(default_factory=dict)


def media_type(content_type: str | None, body: bytes = b"") -> str:
    """The media type without parameters, lower case; without one that can be read, HTML if it begins so, else unknown."""
    stated = (content_type or "").partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(stated):
        return stated
    return "text/html" if _HTML.match(body) else UNKNOWN_MEDIA_TYPE


def charset(content_type: str | None) -> str | None:
    """The charset parameter of a content type, lower case."""
    found = _CHARSET.search(content_type or "")
    return found[1].lower() if found else None


def parse_response(block: bytes, limit: int, identified: str | None = None) -> Response:
    """Read a response of which at most `limit` bytes of body may come out.

    `identified` is the media type that the crawler found itself, used where the server stated none. Raises BadHttpError,
    CodingError for a body of which nothing can be had, OversizeError for one that is too long.
    """
    status = _STATUS.match(block)
    if not status:
        raise BadHttpError("no HTTP status line")
    blank = _BLANK.search(block, status.end() - 2)
    headers = _headers(block[status.end() : blank.start() if blank else len(block)])
    decoded = Decoded(block[blank.end() :] if blank else b"")
    flaws = [] if blank else ["headers_cut"]
    if "chunked" in headers.get("transfer-encoding", "").lower():
        decoded = undo_chunks(decoded.body)
        flaws.append(decoded.flaw or "")
    codings = [coding.strip().lower() for coding in headers.get("content-encoding", "").split(",")]
    if len(codings) > _MOST_CODINGS:
        raise BadHttpError(f"{len(codings)} content codings")
    for coding in reversed(codings):
        decoded = undo_content(decoded.body, coding, limit)
        flaws.append(decoded.flaw or "")
    stated = headers.get("content-type")
    if not _MEDIA_TYPE.fullmatch((stated or "").partition(";")[0].strip().lower()):
        stated = identified or stated
    body = decoded.body
    found = tuple(flaw for flaw in flaws if flaw)
    return Response(int(status[1]), media_type(stated, body), charset(stated), body, found, _rights(headers))


def _rights(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that state rights, by lower-case name; of links, only where one is to a licence."""
    found = {name: headers[name][:_LONGEST_RIGHT] for name in _RIGHTS if name in headers}
    if _LICENSE_LINK.search(headers.get("link", "")):
        found["link"] = headers["link"][:_LONGEST_RIGHT]
    return found


def _headers(block: bytes) -> dict[str, str]:
    """Fields by lower-case name, folded lines unfolded. Of repeated ones the first holds, but lists add up."""
    fields: dict[str, str] = {}
    for line in _FOLD.sub(" ", block.decode("latin-1")).split("\n"):
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in _ADDING_UP and name in fields:
            fields[name] += f", {value}"
        elif colon:
            fields.setdefault(name, value)
    return fields
