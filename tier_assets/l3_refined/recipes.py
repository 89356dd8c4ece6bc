"""The recipes of L3: which passages of a document are asked about, how, and what makes an answer good.

The templates are in `prompts.py`, the order of work and the bookkeeping in `refinement.py`. A recipe has a form for small
models and one for large ones (stack.md section 9): a small model gets a sentence, worked examples and tight limits, and
copies where it can; a large one gets chunks of the document.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tier_assets.inference import Completion, Prompt, Sampling
from tier_assets.l3_refined.prompts import TEMPLATES
from tier_assets.policy import RecipeName, RefinedPolicy
from tier_assets.text.answers import Flaw, fields, leaks, parsed
from tier_assets.text.grounding import breach, content_words, support, turning_words
from tier_assets.text.normalization import fold
from tier_assets.text.passages import chosen_sentences, chunks, rough_sentences
from tier_assets.text.prompting import Template, holds_control, one_line
from tier_assets.text.sentences import Span, sentences

Profile = Literal["small", "large"]

LANGUAGES: Mapping[Profile, frozenset[str] | None] = {"small": frozenset({"en"}), "large": None}
"""Languages a profile is asked in; None: all. SmolLM2 was trained on English."""

CONTEXT_TOKENS: Mapping[Profile, int] = {"small": 1024, "large": 2048}
"""Longest prompt and completion of a profile's recipes, in tokens."""

_DOUBLED = re.compile(r"\b(\w{3,})\W+\1\b", re.IGNORECASE)
_QUESTION_END = re.compile(r"[?？؟;]\W*$")
_MIN_QUESTION_WORDS = 2


@dataclass(frozen=True)
class Draft:
    """A good answer: the text that becomes the row. `support` is the share (0..1) of its content words in the source."""

    text: str
    support: float
    question: str | None = None
    answer: str | None = None


@dataclass(frozen=True)
class Recipe:
    """One way to refine a document. `judge` gets the source passage, the answer's fields and the policy."""

    name: RecipeName
    template: Template
    passages: Callable[[str, RefinedPolicy], list[Span]]
    source: Callable[[str], str]
    max_tokens: Callable[[str], int]
    judge: Callable[[str, dict[str, str], RefinedPolicy], tuple[Draft | Flaw, float]]

    def parts(self, text: str, policy: RefinedPolicy) -> list[Span]:
        """The passages of a document to try, best first, at most `policy.max_parts`."""
        good = (span for span in self.passages(text, policy) if not holds_control(span.of(text)))
        return [span for _, span in zip(range(policy.max_parts), good, strict=False)]

    def prompt(self, passage: str, policy: RefinedPolicy) -> Prompt:
        """What is asked about one passage."""
        source = self.source(passage)
        return self.template.prompt(source, Sampling(self.max_tokens(source), policy.temperature, seed=policy.seed))

    def read(self, passage: str, completion: Completion, policy: RefinedPolicy) -> tuple[Draft | Flaw, float | None]:
        """The draft that an answer makes, or why it makes none; and its support, where there was a text to judge."""
        value = parsed(completion)
        if isinstance(value, Flaw):
            return value, None
        source = self.source(passage)
        found = fields(value, self.template.fields, source)
        if isinstance(found, Flaw):
            return found, None
        if leaks(" ".join(found.values()), source, self.template.example_text):
            return Flaw.unsupported("example_leak"), support(" ".join(found.values()), source).content_word_support
        return self.judge(source, found, policy)


def recipes(profile: Profile, policy: RefinedPolicy) -> tuple[Recipe, ...]:
    """The policy's recipes in the form of the profile."""
    return tuple(_BOOKS[profile][name] for name in policy.recipes)


def _judge_edit(source: str, found: dict[str, str], policy: RefinedPolicy) -> tuple[Draft | Flaw, float]:
    """An edit neither adds nor loses: grounded in its source, and its source in it. An unchanged one is no edit."""
    text = found["text"]
    forward, backward = support(text, source), support(source, text)
    share, kept = forward.content_word_support, backward.content_word_support
    ratio, least = len(text) / len(source), policy.min_edit_overlap
    longer = len(sentences(text)) - len(sentences(source))
    broken = breach(forward, policy.grounding)
    if fold(text) == fold(source):
        return Flaw.invalid("unchanged"), share
    if ratio > policy.max_edit_ratio:
        return Flaw.invalid("max_edit_ratio", ratio, policy.max_edit_ratio), share
    if ratio < policy.min_edit_ratio:
        return Flaw.invalid("min_edit_ratio", ratio, policy.min_edit_ratio), share
    if longer > 0:
        return Flaw.invalid("added_sentences", longer, 0), share
    if broken is not None:
        return Flaw.of(broken), share
    if share < least:
        return Flaw.unsupported("added_words", share, least), share
    if backward.missing_numbers:
        return Flaw.invalid("lost_number", len(backward.missing_numbers), 0), share
    if backward.missing_names:
        return Flaw.invalid("lost_name", len(backward.missing_names), 0), share
    if turned := turning_words(text) ^ turning_words(source):
        return Flaw.unsupported("turning_words", len(turned), 0), share
    if kept < least:
        return Flaw.invalid("lost_words", kept, least), share
    return Draft(text, share), share


def _judge_question(source: str, found: dict[str, str], policy: RefinedPolicy) -> tuple[Draft | Flaw, float]:
    """A question to a given sentence: the answer is the sentence itself, so only the question can be unsupported."""
    return _judge_pair(source, found["question"], source, policy)


def _judge_free_pair(source: str, found: dict[str, str], policy: RefinedPolicy) -> tuple[Draft | Flaw, float]:
    """A free question and answer: both must be grounded in the chunk."""
    return _judge_pair(source, found["question"], found["answer"], policy)


def _judge_pair(source: str, question: str, answer: str, policy: RefinedPolicy) -> tuple[Draft | Flaw, float]:
    asked, given = support(question, source), support(answer, source)
    share = min(asked.content_word_support, given.content_word_support)
    words = len(content_words(question))
    if _QUESTION_END.search(question) is None:
        return Flaw.invalid("no_question"), share
    if fold(question).rstrip("?？ ") == fold(answer).rstrip(".! "):
        return Flaw.invalid("unchanged"), share
    if words < _MIN_QUESTION_WORDS:
        return Flaw.invalid("empty_question", words, _MIN_QUESTION_WORDS), share
    if _DOUBLED.search(question) and not _DOUBLED.search(source):
        return Flaw.invalid("doubled_word"), share
    broken = breach(asked, policy.grounding) or breach(given, policy.grounding)
    if broken is not None:
        return Flaw.of(broken), share
    return Draft(f"Question: {question}\nAnswer: {answer}", share, question, answer), share


def _sentences_to_edit(text: str, policy: RefinedPolicy) -> list[Span]:
    return rough_sentences(text, policy.passages)


def _sentences_to_ask(text: str, policy: RefinedPolicy) -> list[Span]:
    return chosen_sentences(text, Span(0, len(text)), policy.passages)


def _chunks(text: str, policy: RefinedPolicy) -> list[Span]:
    """Chunks in order; shorter in scripts of which a character is a token or more."""
    plain = sum(char.isascii() for char in text) * 2 >= len(text)
    size = policy.passages.max_chunk_chars if plain else policy.passages.max_chunk_chars // 3
    return [span for span in chunks(text, size) if any(char.isalpha() for char in span.of(text))]


def _whole(passage: str) -> str:
    return passage


def _tokens_of_an_edit(source: str) -> int:
    """Three characters to a token at worst for English, and the JSON around it: what runs on is cut early."""
    return math.ceil(len(source) / 3) + 24


_BOOKS: Mapping[Profile, Mapping[RecipeName, Recipe]] = {
    "small": {
        "edit": Recipe(
            "edit", TEMPLATES["small"]["edit"], _sentences_to_edit, one_line, _tokens_of_an_edit, _judge_edit
        ),
        "qa": Recipe("qa", TEMPLATES["small"]["qa"], _sentences_to_ask, one_line, lambda _: 48, _judge_question),
    },
    "large": {
        "edit": Recipe("edit", TEMPLATES["large"]["edit"], _chunks, _whole, lambda _: 1024, _judge_edit),
        "qa": Recipe("qa", TEMPLATES["large"]["qa"], _chunks, _whole, lambda _: 400, _judge_free_pair),
    },
}
