"""The bytes of a landed file, decompressed in bounded steps, that can say where they are damaged and go on behind it.

A file is a chain of segments: the gzip members or zstd frames, or the one segment of a plain file. What the bytes mean
is the matter of `warc.py` and `jsonl.py`.
"""

import copy
import os
import re
from dataclasses import dataclass
from typing import BinaryIO

from tier_assets.l0_raw.compression import GZIP, GZIP_MAGIC, Codec, Decompressor, start_gzip
from tier_assets.l0_raw.findings import Entries

_READ = 1 << 20
_HEAD = 64


class DamageError(Exception):
    """A member that cannot be decompressed. `start` is its offset in the file; `truncated`: the file ends within it."""

    def __init__(self, start: int, truncated: bool, detail: str) -> None:
        super().__init__(detail)
        self.start = start
        self.truncated = truncated


@dataclass(frozen=True)
class _Member:
    start: int
    decompressor: Decompressor
    head: bytes = b""
    damage: DamageError | None = None


@dataclass(frozen=True)
class Mark:
    """A place in a stream to come back to."""

    file_offset: int
    start: int
    decompressor: Decompressor | None
    buffer: bytes
    at: int
    position: int
    following: _Member | None


class Stream:
    """A file read forward.

    `segment` is the offset in the file at which the segment entered last begins, `position` the offset of the next byte
    in the decompressed whole. A member that begins with `boundary` (after line breaks) is a segment of its own; any
    other continues the one before, as in files compressed in blocks. Reading never passes the end of a segment.
    `entries` is for whoever splits the stream to count in.
    """

    def __init__(self, file: BinaryIO, codec: Codec | None = None, boundary: bytes | tuple[bytes, ...] = b"") -> None:
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self.segment = 0
        self.position = 0
        self.entries = Entries()
        self._file = file
        self._codec = codec
        self._boundary = boundary
        self._raw = b""
        self._raw_at = 0
        self._raw_end = 0
        self._buffer = b""
        self._at = 0
        self._entered = False
        self._start = 0
        self._decompressor: Decompressor | None = None
        self._next: _Member | None = None

    @property
    def plain(self) -> bool:
        """Whether the file is not compressed."""
        return self._codec is None

    @property
    def file_offset(self) -> int:
        """How far the file itself has been read."""
        return self._raw_end - (len(self._raw) - self._raw_at)

    def next_segment(self) -> bool:
        """Enter the next segment; False when there is none. Raises DamageError if it cannot be decompressed."""
        if self._codec is None:
            entered, self._entered = self._entered, True
            return not entered
        found = self._next or self._look(self._codec)
        self._next = None
        if found is None:
            return False
        self.segment = found.start
        if found.damage:
            raise found.damage
        self._adopt(found)
        return True

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, not consumed; fewer only at the segment's end. Raises DamageError."""
        while len(self._buffer) - self._at < size and self._more():
            pass
        return self._buffer[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the segment's end. Raises DamageError."""
        parts = []
        missing = size
        while missing and (self._at < len(self._buffer) or self._more()):
            part = self._buffer[self._at : self._at + missing]
            self._consume(len(part))
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over `size` bytes in constant memory; returns how many there were. Raises DamageError."""
        missing = size
        while missing and (self._at < len(self._buffer) or self._more()):
            part = min(missing, len(self._buffer) - self._at)
            self._consume(part)
            missing -= part
            if self._codec is None and missing:
                jump = min(missing, self.size - self.file_offset)
                self._seek(self.file_offset + jump)
                self.position += jump
                missing -= jump
        return size - missing

    def read_line(self, limit: int) -> tuple[bytes, int]:
        """The next line without its line feed, and its length. A line longer than `limit` is passed over, not kept.

        To be called while `peek(1)` finds something. Raises DamageError.
        """
        parts: list[bytes] = []
        length = 0
        while self._at < len(self._buffer) or self._more():
            end = self._buffer.find(b"\n", self._at)
            part = self._buffer[self._at : len(self._buffer) if end < 0 else end]
            length += len(part)
            if length <= limit:
                parts.append(part)
            else:
                parts.clear()
            self._consume(len(part) + (end >= 0))
            if end >= 0:
                break
        return b"".join(parts), length

    def unread(self, data: bytes) -> None:
        """Put back what was read last, within a segment."""
        self._buffer, self._at = data + self._buffer[self._at :], 0
        self.position -= len(data)

    def skip_line_breaks(self) -> None:
        """Pass over CR and LF. Raises DamageError."""
        while found := self.peek(4):
            breaks = len(found) - len(found.lstrip(b"\r\n"))
            self._consume(breaks)
            if breaks < len(found):
                return

    def skip_to(self, pattern: re.Pattern[bytes], longest: int) -> bool:
        """Go to the next match of a pattern of at most `longest` bytes; False at the segment's end. Raises DamageError."""
        while window := self.peek(max(len(self._buffer) - self._at, 2 * longest)):
            found = pattern.search(window)
            if found:
                self._consume(found.start())
                return True
            self._consume(max(len(window) - longest, 0) or len(window))
        return False

    def mark(self) -> Mark:
        """A place to come back to with `reset`, valid until the segment is left."""
        state = copy.copy(self._decompressor)
        return Mark(self.file_offset, self._start, state, self._buffer, self._at, self.position, self._next)

    def reset(self, mark: Mark) -> None:
        """Go back to a mark; the mark is used up."""
        self._seek(mark.file_offset)
        self._start, self._decompressor = mark.start, mark.decompressor
        self._buffer, self._at, self.position, self._next = mark.buffer, mark.at, mark.position, mark.following

    def recover(self, damage: DamageError) -> bool:
        """Go on at the next gzip member behind the damaged one that begins with the boundary; False if there is none."""
        self._buffer, self._at, self._decompressor, self._next = b"", 0, None, None
        if not self._boundary:
            return False
        start = self._find(GZIP_MAGIC, damage.start + 1)
        while start is not None:
            if self._starts_document(self._probe(start)):
                self._seek(start)
                return True
            start = self._find(GZIP_MAGIC, start + 1)
        self._seek(self.size)
        return False

    def _more(self) -> bool:
        if self._codec is None:
            return self._append(self._take(_READ))
        while True:
            if self._decompressor is None:
                if not self._cross(self._codec):
                    return False
                if self._at < len(self._buffer):
                    return True
                continue
            data = self._decompress(self._codec, self._decompressor, self._start)
            if self._decompressor.eof:
                self._decompressor = None
            if self._append(data):
                return True

    def _append(self, data: bytes) -> bool:
        if data:
            self._buffer = self._buffer[self._at :] + data
            self._at = 0
        return bool(data)

    def _consume(self, size: int) -> None:
        self._at += size
        self.position += size

    def _cross(self, codec: Codec) -> bool:
        """Continue with the next member unless it is a segment of its own; a damaged one always is."""
        self._next = self._next or self._look(codec)
        if self._next is None or self._next.damage or self._starts_document(self._next.head):
            return False
        found, self._next = self._next, None
        self._adopt(found)
        return True

    def _adopt(self, member: _Member) -> None:
        self._start = member.start
        self._decompressor = None if member.decompressor.eof else member.decompressor
        self._append(member.head)

    def _starts_document(self, head: bytes) -> bool:
        return bool(self._boundary) and head.lstrip(b"\r\n").startswith(self._boundary)

    def _look(self, codec: Codec) -> _Member | None:
        """Begin the next member; None at the end of the file."""
        self._skip_padding()
        start = self.file_offset
        if start >= self.size:
            return None
        decompressor = codec.start()
        head = b""
        try:
            while len(head) < _HEAD and not decompressor.eof:
                head += self._decompress(codec, decompressor, start)
        except DamageError as damage:
            return _Member(start, decompressor, damage=damage)
        return _Member(start, decompressor, head)

    def _decompress(self, codec: Codec, decompressor: Decompressor, start: int) -> bytes:
        piece = self._take(codec.step)
        if not piece:
            raise DamageError(start, True, f"the file ends within the {codec.name} member that starts at byte {start}")
        try:
            data = decompressor.decompress(piece)
        except codec.error as error:
            raise DamageError(start, False, f"{codec.name}: {error}") from None
        if decompressor.eof:
            self._raw_at -= len(decompressor.unused_data)
        return data

    def _take(self, size: int) -> bytes:
        if self._raw_at >= len(self._raw):
            self._raw = self._file.read(_READ)
            self._raw_at = 0
            self._raw_end += len(self._raw)
        piece = self._raw[self._raw_at : self._raw_at + size]
        self._raw_at += len(piece)
        return piece

    def _skip_padding(self) -> None:
        """Zero bytes behind a member, as tape and block devices leave them."""
        while (byte := self._take(1)) == b"\0":
            pass
        self._raw_at -= len(byte)

    def _seek(self, offset: int) -> None:
        self._file.seek(offset)
        self._raw, self._raw_at, self._raw_end = b"", 0, offset

    def _find(self, magic: bytes, start: int) -> int | None:
        self._file.seek(start)
        kept = b""
        while data := self._file.read(_READ):
            window = kept + data
            found = window.find(magic)
            if found >= 0:
                return start + found
            kept = window[-(len(magic) - 1) :]
            start += len(window) - len(kept)
        return None

    def _probe(self, start: int) -> bytes:
        """The first bytes of a member, if there is one: only they must be sound."""
        self._file.seek(start)
        try:
            return start_gzip().decompress(self._file.read(1 << 16), _HEAD)
        except GZIP.error:
            return b""
