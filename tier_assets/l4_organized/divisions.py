"""The ways an English sentence divides into subject, predicate and object, for a small model to choose from.

A model of 135M parameters invents when it writes a fact and is good when it chooses one: every division is a verbatim
stretch of the sentence, so that no choice can say what the sentence does not. What it chooses is checked all the same,
in `verification.py`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_AUXILIARIES = frozenset(
    """is are was were has have had will would can could may might must shall should does did do
    isn't aren't wasn't weren't hasn't haven't hadn't won't wouldn't can't cannot couldn't doesn't didn't""".split()
)
# Past tenses that do not end in -ed, and the commonest present ones: what the first verb of a written sentence is.
_VERBS = frozenset(
    """became began broke brought built bought came caught chose cut drew drove fell felt fought found flew gave got grew
    held hit kept knew laid led left lent lost made meant met paid put ran read rose said sat saw sent set shot showed shut
    sold spent spoke spread stood struck swore taught thought told took understood went withdrew woke won wore wrote
    says include includes contains contain means make makes gives give takes take needs need uses use works work lies
    lives live shows show says say becomes become remains remain provides provide requires require allows allow begins
    returns return consists consist belongs belong describes describe helps help runs holds hold keeps keep calls
    stands stand carries carry comes come crosses cross reaches reach connects connect rises rise grows grow measures
    weighs weigh leads lead flows flow covers cover forms produces produce protects protect meets meet moves move joins
    join turns turn follows follow opens closes ends costs sits sit burns burn eats eat falls fall bears bear sends send
    brings bring sells sell serves serve receives receive links link borders separates joins drains feeds feed""".split()
)
_DANGLING = frozenset(
    "the a an of in to and or for on at by with from its his her their this these that which who whose as than".split()
)
_DETERMINERS = frozenset("the a an its his her their our your my this that these those some any no".split())
_RELATIVE = frozenset("which who whose whom that when where while because although though if".split())
_BREAKS = frozenset("but which while whereas because although though".split())
# Subjects that mean nothing without the speaker, and clauses that are none.
_SPEAKERS = frozenset("i we you me us my our your i'm we're you're i've we've".split())
_PARTICIPLES = frozenset("having being based given compared".split())
_ADVERBIAL = frozenset("in on at during after before since by for last this from".split())
_PREPOSITIONS = _ADVERBIAL - {"last", "this"} | frozenset(
    "despite with without under over of to as like if unless".split()
)
_DATELINE = re.compile(r"(?:\([^)]{2,40}\)|[A-Z][A-Z .,]{2,40}(?:\([^)]{2,40}\))?)\s[—–-]\s")
_QUOTES = re.compile('["“”„«»]')
_EDGE = " ,;:—–-"
_LONGEST_SUBJECT = 12
_LONGEST_PREDICATE = 3
_SHORTEST_OBJECT = 2
_LEAD = 7
_MOST = 60


class Division(NamedTuple):
    """A clause of a sentence and its parts: `text` is verbatim, and the parts are stretches of it in order."""

    subject: str
    predicate: str
    object: str
    text: str


def divisions(sentence: str) -> list[Division]:
    """The plausible divisions of a sentence on one line, at most 60; none if it has no verb that is known here.

    A dateline (MADRID — ...) is no part of it. A clause runs from the start of the sentence to a comma, a dash, a
    conjunction or its end. An adverbial before the first comma (In 1874, ...) belongs to the clause and to no part of it.
    """
    sentence = _DATELINE.sub("", sentence, count=1) if _DATELINE.match(sentence) else sentence
    words = re.sub(r"[.!]+([\"”’»)\]]*)$", r"\1", sentence).split(" ")
    found = [
        Division(*parts, _joined(words[:end]))
        for start in _starts(words)
        for verb in _verbs(words, start)
        for length in range(1, _LONGEST_PREDICATE + 1)
        for end in _ends(words, verb + length + _SHORTEST_OBJECT)
        if all(
            parts := (
                _joined(words[start:verb]),
                _joined(words[verb : verb + length]),
                _joined(words[verb + length : end]),
            )
        )
        and _is_whole_predicate(words[verb : verb + length])
        and _quotes_match(_joined(words[:end]))
    ]
    return list(dict.fromkeys(found))[:_MOST]


def choice_schema(options: Sequence[Division]) -> dict[str, Any]:
    """JSON schema of an object that is one of the divisions."""
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {name: {"const": getattr(option, name)} for name in ("subject", "predicate", "object")},
                "required": ["subject", "predicate", "object"],
                "additionalProperties": False,
            }
            for option in options
        ]
    }


def _starts(words: Sequence[str]) -> Iterator[int]:
    """Where the subject may begin: behind an adverbial if the sentence opens with one, else at its start."""
    comma = next((i for i, word in enumerate(words[:_LEAD]) if word.endswith(",")), None)
    opens = words[0].lower() in _ADVERBIAL
    if opens and comma is not None:
        yield comma + 1
    elif not opens:
        yield 0


def _verbs(words: Sequence[str], start: int) -> Iterator[int]:
    """Where the predicate may begin: the first verb forms behind a subject that is whole."""
    for index in range(start + 1, min(start + _LONGEST_SUBJECT + 1, len(words) - _SHORTEST_OBJECT)):
        subject = words[start:index]
        if _is_whole_subject(subject) and _is_verb(words[index]):
            yield index


def _is_whole_subject(words: Sequence[str]) -> bool:
    last = words[-1].lower().replace("’", "'")
    return (
        last not in _DANGLING | _AUXILIARIES
        and words[0].lower() not in _PREPOSITIONS | _PARTICIPLES
        and ":" not in "".join(words)
        and not last.endswith(("'ve", "'re", "'ll", "'d"))
        and words[-1][-1:] not in tuple(_EDGE)
        and _QUOTES.search(" ".join(words)) is None
        and not {word.lower().strip(_EDGE) for word in words} & (_RELATIVE | _SPEAKERS)
    )


def _is_whole_predicate(words: Sequence[str]) -> bool:
    last = words[-1].lower()
    return (
        last not in _DETERMINERS and not last.endswith(("'s", "’s")) and all(word[-1:] not in ",;:" for word in words)
    )


def _quotes_match(clause: str) -> bool:
    return clause.count("“") == clause.count("”") and clause.count('"') % 2 == 0


def _is_verb(word: str) -> bool:
    plain = word.replace("’", "'").strip(_EDGE)
    return plain in _AUXILIARIES or plain in _VERBS or (plain.islower() and plain.endswith("ed") and len(plain) > 3)


def _ends(words: Sequence[str], least: int) -> list[int]:
    """Where the clause may end: its first break, and the end of the sentence."""
    if least > len(words):
        return []
    breaks = (
        index
        for index in range(least, len(words))
        if words[index - 1][-1:] in (",", ";", "—", "–")
        or words[index].lower() in _BREAKS
        or words[index] in ("—", "–")
    )
    return list(dict.fromkeys((next(breaks, len(words)), len(words))))


def _joined(words: Sequence[str]) -> str:
    return " ".join(words).strip(_EDGE)
