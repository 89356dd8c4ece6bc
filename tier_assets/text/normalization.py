"""The two forms of a text: normalised, as every tier from L1 up stores it, and folded, as exact duplicates are compared.

Words and shingles of a text are in `shingles.py`; decoding bytes is `l1_filtered/decoding.py`'s.
"""

import hashlib
import re
import unicodedata

NORMALIZATION = "strata-text-1"
"""Name and version of `normalize`, part of what a fingerprint rests on."""

_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Kept: tab and newline; U+200C and U+200D, which Persian, the Indic scripts and emoji need. Removed: the other control
# characters, the soft hyphen, zero-width spaces and the byte order mark, and the marks that only order bidirectional
# text and can hide it (Unicode TR 36, section 2.2).
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Any of the above: few texts have one, and one search is four times as fast as three substitutions.
_ODD = re.compile(
    "[\r\v\f\x1c-\x1e\x85\u2028\u2029\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\ufeff\ud800-\udfff]"
)
_BLANK_LINES = re.compile("\n{3,}")


def normalize(text: str) -> str:
    r"""The text in Unicode form C, with `\n` as its only line break and without invisible characters.

    Lone surrogates become U+FFFD, white space at line ends goes, more than one empty line in a row becomes one, and
    the whole is stripped: a text of white space alone becomes the empty string. Idempotent. Characters that look alike
    are left as they are: form KC would rewrite mathematics.
    """
    if _ODD.search(text):
        text = _SURROGATE.sub("\ufffd", text)
        text = _LINE_BREAKS.sub("\n", text)
        text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = "\n".join([line.rstrip() for line in text.split("\n")])
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip()


def fold(text: str) -> str:
    """The text in Unicode form KC, lower case, with every run of white space as one space: what duplicates share."""
    return " ".join(unicodedata.normalize("NFKC", _SURROGATE.sub("\ufffd", text)).lower().split())


def folded_sha256(text: str) -> str:
    """sha256 (64 hex digits) of the folded text: equal means an exact duplicate."""
    return hashlib.sha256(fold(text).encode()).hexdigest()
