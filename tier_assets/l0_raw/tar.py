"""The members of a tar archive, read forward in constant memory. What becomes of a member is in `members.py`.

Read here rather than by tarfile, which reads extended headers of any length into memory and ends without a word where an
archive is cut. The formats are POSIX.1-2001 (ustar, pax) and GNU tar's long names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tier_assets.l0_raw.streams import Stream

BLOCK = 512
MAGIC_AT = 257
MAGIC = b"ustar"

_LONGEST_NAME = 1 << 16  # of an extended header; a longer one is passed over
_PAX = re.compile(rb"\d+ ([^=\n]+)=")
_HEADER = re.compile(rb"(?s).{257}ustar")
_EXTENDED = frozenset({"x", "g", "L", "K"})
_FILES = frozenset({"0", "\0", "7"})
_FOLDER = "5"


@dataclass(frozen=True)
class TarMember:
    """A member whose `size` bytes come next in the stream. `offset` is where its header begins in the decompressed file."""

    offset: int
    path: str
    size: int
    is_file: bool


@dataclass(frozen=True)
class Damage:
    """Something at `offset` that is no header. `lost`: the archive ends before its end mark, or nothing follows."""

    offset: int
    lost: bool


class _BadHeaderError(Exception):
    """A block that is no tar header."""


def members(stream: Stream) -> Iterator[TarMember | Damage]:
    """The members in their order, folders left out. Whoever takes one may read its bytes before the next is asked for.

    They are counted as entries of the stream, and so is damage behind which the archive goes on.

    Behind damage the archive goes on at the next header, behind its end mark where another was appended, as `cat` does.
    Raises DamageError for damage of the compression.
    """
    if not stream.next_segment():
        return
    extended: dict[str, bytes] = {}
    began = stream.position
    while True:
        offset = stream.position
        block = stream.read(BLOCK)
        if len(block) == BLOCK and not block.strip(b"\0"):
            if not _goes_on(stream):
                return
            extended, began = {}, stream.position
            continue
        try:
            header = _Header.parse(block)
        except _BadHeaderError:
            found = len(block) == BLOCK and _resync(stream)
            if found:
                stream.entries.begin()
            yield Damage(offset, not found)
            stream.entries.end()
            if not found:
                return
            extended, began = {}, stream.position
            continue
        size = header.size
        end = stream.position + -(-size // BLOCK) * BLOCK
        if header.kind in _EXTENDED:
            data = stream.read(size) if size <= _LONGEST_NAME else b""
            if header.kind != "g":
                extended |= _names(header.kind, data)
        else:
            path = extended.get("path", header.path).decode(errors="surrogateescape")
            if header.kind != _FOLDER:
                size = _stated_size(extended, size)
                end = stream.position + -(-size // BLOCK) * BLOCK
                stream.entries.begin()
                yield TarMember(began, path, size, header.kind in _FILES)
                stream.entries.end()
            extended = {}
        if stream.skip(end - stream.position) and stream.position < end:
            yield Damage(stream.position, True)
            return
        if header.kind not in _EXTENDED:
            began = stream.position


@dataclass(frozen=True)
class _Header:
    kind: str
    path: bytes
    size: int

    @classmethod
    def parse(cls, block: bytes) -> "_Header":
        """Raises _BadHeaderError unless the checksum is right."""
        if len(block) < BLOCK:
            raise _BadHeaderError
        summed = sum(block[:148]) + sum(block[156:]) + 8 * ord(" ")
        if _number(block[148:156]) != summed:
            raise _BadHeaderError
        name = block[:100].split(b"\0")[0]
        # GNU's own format ("ustar  ") keeps times where POSIX has the prefix.
        prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
        path = prefix + b"/" + name if prefix else name
        return cls(chr(block[156]), path, _number(block[124:136]))


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base 256 for what they cannot say."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise _BadHeaderError from None


def _names(kind: str, data: bytes) -> dict[str, bytes]:
    """What an extended header says of the next member: its path and size."""
    if kind == "L":
        return {"path": data.rstrip(b"\0")}
    if kind == "K":
        return {}
    found: dict[str, bytes] = {}
    while match := _PAX.match(data):
        length = int(data[: data.index(b" ")])
        if not match.end() < length <= len(data):
            break
        if match[1] in (b"path", b"size"):
            found[match[1].decode()] = data[match.end() : length - 1]
        data = data[length:]
    return found


def _stated_size(extended: dict[str, bytes], size: int) -> int:
    stated = extended.get("size", b"")
    return int(stated) if stated.isdigit() and len(stated) <= 18 else size


def _goes_on(stream: Stream) -> bool:
    """Go to what follows blocks of zeros; False where nothing does. Raises DamageError for damage of the compression."""
    while (block := stream.peek(BLOCK)) and not block.strip(b"\0"):
        stream.skip(len(block))
    return bool(block) or stream.next_segment()


def _resync(stream: Stream) -> bool:
    """Go to the next block that is a header; False at the end of the file."""
    while len(block := stream.peek(BLOCK)) == BLOCK:
        if _HEADER.match(block):
            try:
                _Header.parse(block)
            except _BadHeaderError:
                pass
            else:
                return True
        stream.skip(BLOCK)
    return False
