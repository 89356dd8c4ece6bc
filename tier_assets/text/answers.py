"""What a language model's answer is worth before its content is judged: finished, parsed, no refusal, no example.

Whether its content is supported is decided by `grounding.py`; what each tier does with an answer is in the tier.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tier_assets.inference import Completion
from tier_assets.schemas import DropReason
from tier_assets.text.grounding import Breach, content_words
from tier_assets.text.normalization import normalize

_REFUSAL = re.compile(
    r"\W*(?:i['’]?m sorry|i am sorry|sorry,|i apologi[sz]e|as an? (?:ai|language model)|"
    r"i (?:can(?:not|['’]t)|am unable to|am not able to)"
    r" (?:help|assist|provide|answer|do|fulfil|comply|edit|write|create|generate)|i don['’]t have (?:access|enough))",
    re.IGNORECASE,
)
_LEAKED_WORDS = 2
_FOREIGN_LETTERS = 0.1


@dataclass(frozen=True)
class Flaw:
    """Why an answer is dropped: the family, the exact rule, what was measured and what is allowed."""

    reason: DropReason
    rule: str
    value: float | None = None
    threshold: float | None = None

    @classmethod
    def of(cls, breach: Breach) -> "Flaw":
        """A breach of grounding as a reason to drop."""
        return cls.unsupported(breach.rule, breach.value, breach.threshold)

    @classmethod
    def unsupported(cls, rule: str, value: float | None = None, threshold: float | None = None) -> "Flaw":
        """An answer that its source does not bear out."""
        return cls(DropReason.UNSUPPORTED, rule, value, threshold)

    @classmethod
    def invalid(cls, rule: str, value: float | None = None, threshold: float | None = None) -> "Flaw":
        """An answer that is not what was asked for."""
        return cls(DropReason.INVALID_OUTPUT, rule, value, threshold)


def parsed(completion: Completion) -> Any | Flaw:
    """The JSON value of a finished answer, or why there is none: `cut`, `refusal`, `json`, or a model's error."""
    if completion.finish_reason == "error":
        return Flaw(DropReason.MODEL_ERROR, "error")
    if completion.finish_reason == "refused":
        return Flaw.invalid("refusal")
    if completion.finish_reason == "length":
        return Flaw.invalid("cut")
    try:
        value = json.loads(completion.text)
        # Escapes can spell lone surrogates, which no file of ours can hold.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return Flaw.invalid("refusal" if _REFUSAL.match(completion.text) else "json")
    return value


def fields(value: Any, names: Sequence[str], source: str) -> dict[str, str] | Flaw:
    """The string fields of a JSON object, normalised, or why they are of no use: `json`, `empty`, `refusal`, `script`.

    A refusal that stands in the source is the document's and no refusal.
    """
    if not isinstance(value, dict) or set(value) != set(names) or not all(isinstance(v, str) for v in value.values()):
        return Flaw.invalid("json")
    found = {name: normalize(value[name]) for name in names}
    if not all(any(char.isalnum() for char in text) for text in found.values()):
        return Flaw(DropReason.EMPTY, "empty")
    for text in found.values():
        refusal = _REFUSAL.match(text)
        if refusal and refusal[0].strip().lower() not in source.lower():
            return Flaw.invalid("refusal")
    foreign = foreign_letters(" ".join(found.values()), source)
    if foreign > _FOREIGN_LETTERS:
        return Flaw(DropReason.LANGUAGE, "script", foreign, _FOREIGN_LETTERS)
    return found


def leaks(text: str, source: str, examples: str) -> bool:
    """Whether a text repeats the prompt's examples: two content words of theirs that its source does not have."""
    borrowed = (content_words(text) & content_words(examples)) - content_words(source)
    return len(borrowed) >= _LEAKED_WORDS


def foreign_letters(text: str, source: str) -> float:
    """Share (0..1) of a text's letters in scripts of which the source has no letter: a switch of language."""
    known = {_script(char) for char in source if char.isalpha()}
    letters = [char for char in text if char.isalpha()]
    return sum(_script(char) not in known for char in letters) / len(letters) if letters else 0.0


def _script(char: str) -> str:
    """First word of a character's Unicode name, which is its script; kana and Han are one, as Japanese mixes them."""
    script = unicodedata.name(char, "?").partition(" ")[0]
    return "CJK" if script in {"HIRAGANA", "KATAKANA", "CJK"} else script
