"""Bytes of a page to text: which charset it is in. What is done with the text is `extraction.py`'s."""

import codecs
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5

from tier_assets.text.buffers import padded

_UTF8 = "utf-8"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKS = ((codecs.BOM_UTF8, _UTF8), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# ISO-2022 charsets shift by escapes: all of their bytes are ASCII, and thereby UTF-8.
_ESCAPE = b"\x1b"
_WEB_DEFAULT = "windows-1252"
_REPLACEMENT = "\ufffd"
# One broken character among few others that are not ASCII means another charset; among many, damage.
_MAX_BROKEN_SHARE = 0.1


def decode(payload: bytes, charset: str | None, *, html: bool) -> str:
    """The text of a payload, for any bytes: what cannot be decoded becomes U+FFFD.

    Tries, as the HTML standard does (section 13.2.3.2), the byte order mark, the charset the transport declared, the
    page's `<meta>` (if `html`), detection by uchardet, and windows-1252; but UTF-8 before `<meta>`, since what is valid
    UTF-8 is hardly ever anything else, and uchardet takes a short text for Greek. Declarations are often wrong: the
    first charset counts under which at most a tenth of the characters outside ASCII are broken, else the one that
    breaks fewest.
    """
    for mark, encoding in _MARKS:
        if payload.startswith(mark):
            return payload[len(mark) :].decode(encoding, "replace")
    best, fewest = "", 2.0
    for encoding in _candidates(payload, charset, html):
        text = _decode_as(payload, encoding)
        broken = _broken_share(text)
        if broken <= _MAX_BROKEN_SHARE:
            return text
        if broken < fewest:
            best, fewest = text, broken
    return best


def utf8(payload: bytes, charset: str | None) -> NDArray[np.uint8]:
    """The page that `decode` makes of a payload of HTML, in UTF-8 and with its padding (`buffers.padded`).

    Most payloads are that already: for them it takes a fifth of the time of decoding and encoding.
    """
    # Imported here: numba takes half a second.
    from tier_assets.text.utf8_kernel import look

    start = len(codecs.BOM_UTF8) if payload.startswith(codecs.BOM_UTF8) else 0
    if start or not payload.startswith(_UTF16_MARKS):
        data = padded(payload[start:])
        is_utf8, escaped, replaced = look(data)
        if is_utf8 and (start or (not replaced and _counts_as_utf8(charset, escaped))):
            return data
    return padded(decode(payload, charset, html=True).encode("utf-8", "replace"))


def _counts_as_utf8(charset: str | None, escaped: bool) -> bool:
    """Whether UTF-8 is the first candidate for a payload."""
    declared = map_encoding_to_html5(charset or "", fallback_utf8=False)
    return bool(declared == _UTF8 if declared else not escaped)


def _candidates(payload: bytes, charset: str | None, html: bool) -> Iterator[str]:
    if declared := map_encoding_to_html5(charset or "", fallback_utf8=False):
        yield declared
    if _ESCAPE not in payload:
        yield _UTF8
    if html:
        yield str(detect_encoding(payload, from_html_meta=True))
    yield str(detect_encoding(payload))
    yield _WEB_DEFAULT


def _decode_as(payload: bytes, encoding: str) -> str:
    # No fallback charsets: each is a candidate of its own here.
    return str(bytes_to_str(payload, encoding, "replace", []))


def _broken_share(text: str) -> float:
    broken = text.count(_REPLACEMENT)
    if not broken:
        return 0.0
    return broken / (len(text) - len(text.encode("ascii", "ignore")))
