"""The codings of an HTTP body, undone in bounded memory: chunked transfer, and gzip, deflate, br, zstd contents.

Archives disagree on whether a stored body is still coded as its headers say, so a coding that is plainly not there is
passed over. How headers are read is in `http.py`.
"""

import re
from dataclasses import dataclass, replace

import brotli  # type: ignore[import-untyped]
from zlib_ng import zlib_ng

from tier_assets.l0_raw.compression import GZIP, GZIP_MAGIC, ZSTD, ZSTD_MAGIC, Codec

_CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHUNK_END = re.compile(rb"\r?\n")
_DEFLATE = Codec("deflate", zlib_ng.decompressobj, GZIP.error, GZIP.step)
_RAW_DEFLATE = replace(_DEFLATE, start=lambda: zlib_ng.decompressobj(-zlib_ng.MAX_WBITS))


@dataclass(frozen=True)
class Decoded:
    """A body with a coding undone; `flaw` says what was wrong with it, if anything."""

    body: bytes
    flaw: str | None = None


class CodingError(Exception):
    """A coded body of which nothing can be had."""


class OversizeError(Exception):
    """A body that decodes to more than the limit; `size` is how much there was when it was given up."""

    def __init__(self, size: int) -> None:
        super().__init__(f"more than {size} bytes")
        self.size = size


def undo_chunks(body: bytes) -> Decoded:
    """The body without its chunked transfer coding.

    One whose first chunk is not framed as it should is not chunked and given back as it is (some crawlers keep the header
    and undo the coding); one that breaks off later gives the chunks up to there.
    """
    parts: list[bytes] = []
    at = 0
    while head := _CHUNK_HEAD.match(body, at):
        size = int(head[1], 16)
        if size == 0:
            return Decoded(b"".join(parts))
        end = head.end() + size
        parts.append(body[head.end() : end])
        if end >= len(body):
            return Decoded(b"".join(parts), "chunks_cut")
        framed = _CHUNK_END.match(body, end)
        if not framed:
            return Decoded(body, "not_chunked") if len(parts) == 1 else Decoded(b"".join(parts), "chunks_broken")
        at = framed.end()
    if not parts:
        return Decoded(body, "not_chunked" if body else None)
    return Decoded(b"".join(parts), "chunks_cut" if at >= len(body) else "chunks_broken")


def undo_content(body: bytes, coding: str, limit: int) -> Decoded:
    """The body without one content coding. Raises OversizeError beyond `limit` bytes, CodingError if nothing comes out."""
    if not body or coding in ("", "identity", "none"):
        return Decoded(body)
    if coding in ("gzip", "x-gzip"):
        return _inflate(body, GZIP, limit) if body.startswith(GZIP_MAGIC) else Decoded(body, "not_gzip")
    if coding == "zstd":
        return _inflate(body, ZSTD, limit) if body.startswith(ZSTD_MAGIC) else Decoded(body, "not_zstd")
    try:
        if coding == "deflate":
            wrapped = body[0] & 0x0F == zlib_ng.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
            return _inflate(body, _DEFLATE if wrapped else _RAW_DEFLATE, limit)
        if coding == "br":
            return _unbrotli(body, limit)
    except CodingError:
        return Decoded(body, f"not_{coding}")
    return Decoded(body, "unknown_coding")


def _inflate(body: bytes, codec: Codec, limit: int) -> Decoded:
    """All members of the body; what follows the last is ignored, as browsers do."""
    parts: list[bytes] = []
    size = at = 0
    member = codec.start()
    while at < len(body):
        piece = body[at : at + codec.step]
        at += len(piece)
        try:
            data = member.decompress(piece)
        except codec.error as error:
            if not size:
                raise CodingError(f"{codec.name}: {error}") from None
            return Decoded(b"".join(parts), f"{codec.name}_broken")
        parts.append(data)
        size += len(data)
        if size > limit:
            raise OversizeError(size)
        if member.eof:
            at -= len(member.unused_data)
            if not body.startswith(GZIP_MAGIC, at):
                return Decoded(b"".join(parts))
            member = codec.start()
    if not size:
        raise CodingError(f"{codec.name}: cut before its first byte")
    return Decoded(b"".join(parts), f"{codec.name}_cut")


def _unbrotli(body: bytes, limit: int) -> Decoded:
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    data = body
    try:
        while True:
            part = decoder.process(data, output_buffer_limit=limit + 1)
            parts.append(part)
            size += len(part)
            data = b""
            if size > limit:
                raise OversizeError(size)
            if decoder.is_finished():
                return Decoded(b"".join(parts))
            if not part:
                break
    except brotli.error as error:
        if not size:
            raise CodingError(f"br: {error}") from None
        return Decoded(b"".join(parts), "br_broken")
    if not size:
        raise CodingError("br: cut before its first byte")
    return Decoded(b"".join(parts), "br_cut")
