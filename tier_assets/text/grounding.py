"""Whether a text is supported by the text it was made from: the cheap check of methods.md, for L3 and L4.

It proves no truth and sees no negation: it finds invented numbers, invented names and wandering vocabulary, which is
how a small model goes wrong. What happens to an unsupported text is decided by the tier; the limit is in `policy.py`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tier_assets.policy import Grounding
from tier_assets.text.sentences import sentences

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_COMMA_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# One group of three after a point is a decimal fraction in English and is left as it is.
_POINT_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?")
_WORD = re.compile(r"[^\W\d_]+")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}")
# Scripts written without spaces: Han, kana, bopomofo, Thai, Lao, Burmese, Khmer. A run of them is many words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u31ff\u3400-\u9fff\U00020000-\U0003ffff]+"
)
_SHORTEST = 3

# Words that carry no content of their own. English in full, as an English question or frame adds them to any source;
# of other languages only short ones (longer ones are nearly always in the source too). Shorter words never count.
_FUNCTION_WORDS = frozenset(
    """the and but for nor yet not with without within into onto upon from about above after again against all also
    although always among another any anyone anything are aren around because been before being below between both
    can cannot could couldn did didn does doesn doing don done down during each either else ever every everyone few
    had hadn has hasn have haven having her here hers herself him himself his how however its itself just least less
    let many may maybe might mine more most much must myself neither never none nothing now off often once one only
    other others our ours ourselves out over own per perhaps quite rather same shall she should shouldn since some
    someone something still such than that their theirs them themselves then there therefore these they this those
    though through thus together too toward towards under until unless very via was wasn were weren what whatever
    when whenever where whether which while who whoever whom whose why will won would wouldn you your yours yourself
    according called kind name named type
    der das und ist des dem ein les une est que qui par pour dans los las una del por che della het een van och som""".split()
)


# Words that turn a sentence round or bound it. English: other languages are edited by models that need no such rule.
_TURNING_WORDS = frozenset(
    """not no nor never neither none nothing nobody cannot without unless until only off before after more less fewer
    above below under over all""".split()
)
_CONTRACTED_NOT = re.compile(r"n['’]t\b", re.IGNORECASE)


@dataclass(frozen=True)
class Support:
    """What of an output occurs in its source. `content_word_support` is a share in 0..1; 1 without content words."""

    missing_numbers: tuple[str, ...]
    missing_names: tuple[str, ...]
    content_word_support: float
    missing_words: tuple[str, ...]

    @property
    def numbers_ok(self) -> bool:
        """Whether every number occurs in the source."""
        return not self.missing_numbers

    @property
    def names_ok(self) -> bool:
        """Whether every capitalised name occurs in the source."""
        return not self.missing_names

    @property
    def missing(self) -> str | None:
        """The first thing that the source does not have: a number before a name before a word."""
        return next(iter((*self.missing_numbers, *self.missing_names, *self.missing_words)), None)


@dataclass(frozen=True)
class Breach:
    """The rule that an unsupported text breaks: `number`, `name` or `content_words`; what was measured and allowed."""

    rule: str
    value: float
    threshold: float


def support(output: str, source: str) -> Support:
    """How much of `output` occurs in `source`. Compatible forms and case are one: both are compared in Unicode form KC.

    Numbers are compared by value: 1,000 is 1000, 3.50 is 3.5, 05 is 5. A name is a capitalised word, function words
    and single letters apart; the first word of a sentence counts as one only if the next is capitalised too, since
    any word is capitalised there. A content word is a word of at least three letters that is no function word; in
    scripts written without spaces, a pair of neighbouring characters. A passage copied at word boundaries is supported
    in full, whatever it is.
    """
    output, source = _compatible(output), _compatible(source)
    known_numbers, known_words = set(_numbers(source)), _words(source)
    content = content_words(output)
    missing = sorted(content - known_words)
    return Support(
        missing_numbers=tuple(dict.fromkeys(number for number in _numbers(output) if number not in known_numbers)),
        missing_names=tuple(dict.fromkeys(name for name in names(output) if name.casefold() not in known_words)),
        content_word_support=1 - len(missing) / len(content) if content else 1.0,
        missing_words=tuple(missing),
    )


def breach(found: Support, policy: Grounding) -> Breach | None:
    """The first rule that is broken, or None if the text is grounded."""
    if found.missing_numbers:
        return Breach("number", len(found.missing_numbers), 0)
    if found.missing_names:
        return Breach("name", len(found.missing_names), 0)
    if found.content_word_support < policy.min_content_word_support:
        return Breach("content_words", found.content_word_support, policy.min_content_word_support)
    return None


def names(text: str) -> Iterator[str]:
    """The capitalised names of a text, in order, one word each, as `support` defines them."""
    for span in sentences(text):
        found = [(_UNSPACED.split(match[0])[0], match) for match in _WORD.finditer(text, span.start, span.end)]
        for index, (word, match) in enumerate(found):
            if not _is_capitalised(word):
                continue
            following = found[index + 1] if index + 1 < len(found) else None
            opens_a_name = following and _is_capitalised(following[0]) and _touches(text, match, following[1])
            if index > 0 or opens_a_name:
                yield word


def content_words(text: str) -> frozenset[str]:
    """The distinct content words of a text, case folded, as `support` defines them."""
    return frozenset(word for word in _words(_compatible(text)) if word not in _FUNCTION_WORDS and _has_content(word))


def turning_words(text: str) -> frozenset[str]:
    """The words of a text that negate or bound what it says, in English; a contracted `not` as `not`."""
    found = _words(_CONTRACTED_NOT.sub(" not", text)) & _TURNING_WORDS
    return found - {"cannot"} | {"not"} if "cannot" in found else found


def _is_capitalised(word: str) -> bool:
    return len(word) > 1 and (word[0].isupper() or word[0].istitle()) and word.casefold() not in _FUNCTION_WORDS


def _touches(text: str, word: re.Match[str], following: re.Match[str]) -> bool:
    between = text[word.end() : following.start()]
    return between in (" ", "-", "'", "’")


def _has_content(word: str) -> bool:
    return len(word) >= _SHORTEST or _UNSPACED.match(word) is not None


def _words(text: str) -> frozenset[str]:
    """Every word of the text, case folded; pairs of characters of unspaced scripts; U.S. also as `us`."""
    found: set[str] = set()
    for match in _WORD.finditer(text):
        rest = _UNSPACED.sub(" ", match[0])
        found.update(word.casefold() for word in rest.split())
        for run in _UNSPACED.findall(match[0]):
            found.update(run[i : i + 2] for i in range(max(1, len(run) - 1)))
    found.update(match[0].replace(".", "").casefold() for match in _DOTTED.finditer(text))
    return frozenset(found)


def _numbers(text: str) -> Iterator[str]:
    for match in _NUMBER.finditer(text):
        yield _value(match[0])


def _value(number: str) -> str:
    """The number in one spelling, decimal digits and at most one point; versions and dates as they are."""
    digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in number)
    if _COMMA_GROUPS.fullmatch(digits):
        digits = digits.replace(",", "")
    elif _POINT_GROUPS.fullmatch(digits):
        digits = digits.replace(".", "")
    if digits.count(",") == 1 and "." not in digits:
        digits = digits.replace(",", ".")
    whole, point, rest = digits.partition(".")
    if not point or not rest.isdecimal():
        return (digits.lstrip("0") or "0") if digits.isdecimal() else digits
    fraction = rest.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
