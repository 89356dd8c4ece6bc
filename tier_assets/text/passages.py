"""Which passages of a document are worth asking a language model about: whole sentences, or chunks.

The choice is a pure function of the text. Limits are in `policy.py`; what is asked is in the tiers' `prompts.py`.
"""

import re
from collections.abc import Iterator

from tier_assets.policy import Passages
from tier_assets.text.grounding import names
from tier_assets.text.sentences import Span, paragraphs, sentences, sentences_within

_ENDS = re.compile(r"[.!。！।][\"”’»)\]]*$")
_NOT_PROSE = re.compile(r"https?:|www\.|\S@\S|[|{}<>©®•→»›#\\]|\.\.\.|…|_{2,}", re.IGNORECASE)
_BOILERPLATE = re.compile(
    r"\b(?:cookies?|copyright|all rights reserved|privacy policy|terms of (?:use|service)|subscri\w+|sign[ -](?:up|in)|"
    r"log ?in|newsletter|click|read more|share (?:this|on)|javascript|browser|follow us|advertis\w+|e-?mail)\b",
    re.IGNORECASE,
)
# A sentence that begins so speaks of what went before: nobody can ask about it alone. English, as the small model is.
_LEANING = frozenset(
    """he she it they this that these those we i you his her its their our my your here there and but or so yet then
    also however meanwhile still instead therefore thus such another both either neither one others some as""".split()
)
# Marks of text set badly: space before a mark or none after it, marks in a row, spaces in a row.
_ROUGH = re.compile(r"\s[,.;:!?](?:\s|$)|\w[,;!?](?=[^\W\d])|[!?]{2,}|,,|[^\S\n]{2,}")
_QUOTE = re.compile('["“”„«»]')
_WORD = re.compile(r"[^\W\d_]+")


def chosen_sentences(text: str, within: Span, limits: Passages) -> list[Span]:
    """Sentences of `text` inside `within` that can stand alone, best first: those that name or count something, by place.

    Excluded are questions, fragments, boilerplate, and sentences outside the limits of length.
    """
    good = [
        span
        for span in sentences(text)
        if _lies(span, within) and _is_sentence(span.of(text), limits) and _stands_alone(span.of(text))
    ]
    return sorted(good, key=lambda span: (not _is_specific(span.of(text)), span.start))


def rough_sentences(text: str, limits: Passages) -> list[Span]:
    """Sentences of `text` worth an edit, best first: badly set ones, then the longest, by place; no quotations.

    They may lean on what went before. An edit that loses quotation marks makes one person's words the text's own; a short
    clean sentence comes back unchanged, or with something made up behind it.
    """
    good = [
        span for span in sentences(text) if _is_sentence(span.of(text), limits) and _QUOTE.search(span.of(text)) is None
    ]
    return sorted(good, key=lambda span: (_ROUGH.search(span.of(text)) is None, -_length(span), span.start))


def chunks(text: str, max_chars: int) -> list[Span]:
    """The whole text in order, in runs of paragraphs of at most `max_chars`.

    A longer paragraph is cut between sentences, a longer sentence where the limit falls.
    """
    pieces = [
        Span(start, min(start + max_chars, sentence.end))
        for paragraph in paragraphs(text)
        for sentence in ([paragraph] if _length(paragraph) <= max_chars else sentences_within(text, paragraph))
        for start in range(sentence.start, sentence.end, max_chars)
    ]
    return list(_joined(pieces, max_chars))


def _joined(spans: list[Span], max_chars: int) -> Iterator[Span]:
    """Neighbouring spans together, as long as they fit."""
    current: Span | None = None
    for span in spans:
        if current is not None and span.end - current.start <= max_chars:
            current = Span(current.start, span.end)
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def _is_sentence(sentence: str, limits: Passages) -> bool:
    return (
        len(sentence) <= limits.max_sentence_chars
        and len(sentence.split()) >= limits.min_words
        and _is_prose(sentence, limits)
        and sentence.count("“") == sentence.count("”")
        and sentence.count('"') % 2 == 0
    )


def _stands_alone(sentence: str) -> bool:
    """Whether neither of its first two words leans on what went before: `It was`, `In this`, `But Ana`."""
    first = _WORD.findall(sentence)[:2]
    return bool(first) and not {word.lower() for word in first} & _LEANING


def _is_prose(passage: str, limits: Passages) -> bool:
    letters = sum(char.isalpha() for char in passage)
    solid = sum(not char.isspace() for char in passage)
    return (
        letters >= limits.min_letter_ratio * solid
        and not passage[0].islower()
        and _ENDS.search(passage) is not None
        and _NOT_PROSE.search(passage) is None
        and _BOILERPLATE.search(passage) is None
    )


def _is_specific(sentence: str) -> bool:
    return any(char.isdecimal() for char in sentence) or next(names(sentence), None) is not None


def _lies(span: Span, within: Span) -> bool:
    return within.start <= span.start and span.end <= within.end


def _length(span: Span) -> int:
    return span.end - span.start
