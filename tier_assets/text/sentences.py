"""Where paragraphs and sentences begin and end in a text, as exact character offsets.

Every character that is no white space is in exactly one paragraph and in exactly one sentence. What makes a good
paragraph or sentence to work on is for the tier that works on it.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """Half-open range of characters of a text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of `text` in this range."""
        return text[self.start : self.end]


_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
# Terminators of scripts written without spaces end a sentence wherever they stand; the others need white space.
_TERMINATOR = re.compile(
    r"(?P<tight>[。！？｡।॥။។]+)[”’」』）》〉】\"')\]]*"
    r"|(?P<loose>[.!?…؟۔։።]+)(?:[”’»\"'）)\]]|\[\d{1,3}\])*(?=\s|$)"
)
_LAST_WORD = re.compile(r"[^\s(\[“‘«\"']+$")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_LIST_NUMBER = re.compile(r"\W*(?:\d{1,3}|[a-zA-Z])")

# Abbreviations that a capital follows far more often than a new sentence does. Units and "etc" are not here, because a
# lower-case successor keeps them together anyway.
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof st sr jr rev hon gen col lt sgt capt cmdr adm maj gov sen rep pres supt messrs mme mlle
    vs eds al cf ca approx dept univ assn bros inc ltd co corp mt ft ave blvd rd hr fr bzw str tel sra srta dra""".split()
)
# Those that only a number follows: "No. 5", "Jan. 5", but "He said no."
_BEFORE_NUMBERS = frozenset(
    "no nos p pp vol fig figs nr art bd abs sec ch jan feb mar apr jun jul aug sep sept oct nov dec".split()
)


def paragraphs(text: str) -> list[Span]:
    """The paragraphs of a text in order, stripped of white space around them.

    A line is a paragraph, as extractors write it. Lines of text wrapped at a margin are joined: a line that begins in
    lower case continues the line directly above it, unless that one ended a sentence.
    """
    spans: list[Span] = []
    for line in _LINE.finditer(text):
        span = _stripped(text, line.start(), line.end())
        if span is None:
            continue
        if spans and _continues(text, spans[-1], span):
            spans[-1] = Span(spans[-1].start, span.end)
        else:
            spans.append(span)
    return spans


def sentences(text: str) -> list[Span]:
    """The sentences of a text in order, stripped of white space around them; none crosses a paragraph.

    A full stop ends no sentence after a known abbreviation, an initial or the number of a list item, nor any mark
    before a lower-case letter. Marks of Chinese, Japanese, Hindi, Burmese and Khmer need no white space after them.
    """
    return [span for paragraph in paragraphs(text) for span in sentences_within(text, paragraph)]


def sentences_within(text: str, paragraph: Span) -> list[Span]:
    """The sentences of one paragraph of `text`, as offsets into `text`."""
    spans: list[Span] = []
    start = paragraph.start
    for end in (*_boundaries(text, paragraph), paragraph.end):
        span = _stripped(text, start, end)
        if span is not None:
            spans.append(span)
            start = end
    return spans


def _boundaries(text: str, paragraph: Span) -> Iterator[int]:
    start = paragraph.start
    for match in _TERMINATOR.finditer(text, paragraph.start, paragraph.end):
        if match["tight"] or not _is_inside(text, start, match, paragraph.end):
            yield match.end()
            start = match.end()


def _is_inside(text: str, start: int, match: re.Match[str], end: int) -> bool:
    """Whether a mark that could end a sentence stands inside one."""
    following = next(
        (text[i] for i in range(match.end(), end) if not text[i].isspace() and text[i] not in "“‘«\"'("), ""
    )
    if following.islower():
        return True
    if match["loose"] != ".":
        return False
    before = text[start : match.start("loose")]
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    return (
        word[0].lower() in _ABBREVIATIONS
        or (word[0].lower() in _BEFORE_NUMBERS and following.isdecimal())
        or (_INITIAL.fullmatch(word[0]) is not None and word[0][0].isupper() and following.isupper())
        or _LIST_NUMBER.fullmatch(before) is not None
    )


def _continues(text: str, above: Span, line: Span) -> bool:
    between = text[above.end : line.start]
    breaks = between.replace("\r\n", "\n")
    single = sum(breaks.count(mark) for mark in "\n\r\u2028\u2029") == 1
    return single and text[line.start].islower() and _TERMINATOR.search(text, above.end - 1, above.end) is None


def _stripped(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None
