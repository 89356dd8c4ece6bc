"""Candidate claims: what is asked of which passage of a selected document, and the claims that an answer makes.

A passage comes from a promoted refined row: the span of its L2 parent that it was made from. Whether a claim holds is
`verification.py`'s; which claims are one fact, `resolution.py`'s.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tier_assets.inference import Completion, Prompt, Sampling
from tier_assets.l4_organized.divisions import choice_schema, divisions
from tier_assets.l4_organized.prompts import LARGE, SMALL
from tier_assets.policy import OrganizedPolicy
from tier_assets.text.answers import Flaw, fields, leaks, parsed
from tier_assets.text.passages import chosen_sentences
from tier_assets.text.prompting import holds_control, object_schema, one_line
from tier_assets.text.sentences import Span

MAX_FACTS = 5
"""Facts a large model is asked for in one passage."""

_LARGE_TOKENS = 900
_MIN_PASSAGE_LETTERS = 40


@dataclass(frozen=True)
class Passage:
    """A stretch of a selected document, the refined rows that led to it, and what is asked about it."""

    document: Mapping[str, Any]
    refined_ids: tuple[str, ...]
    generation: int
    span: Span
    prompt: Prompt
    most_claims: int

    @property
    def text(self) -> str:
        """The stretch itself, verbatim."""
        return self.span.of(self.document["text"])

    @property
    def parent_ids(self) -> list[str]:
        """The refined rows and the selected document, sorted."""
        return sorted({*self.refined_ids, self.document["doc_id"]})


@dataclass(frozen=True)
class Claim:
    """A statement that a model made of a passage, and the span of the document that must support it."""

    subject: str
    predicate: str
    object: str
    text: str
    evidence: Span


def small_passages(documents: Iterator["Refined"], policy: OrganizedPolicy) -> list[Passage]:
    """One passage per distinct sentence that stands alone and can be divided: best of every document first, then on."""
    return _interleaved([list(_sentences_of(document, policy)) for document in documents])


def large_passages(documents: Iterator["Refined"], policy: OrganizedPolicy) -> list[Passage]:
    """One passage per distinct span that was refined: first of every document first, then on."""
    return _interleaved([list(_spans_of(document, policy)) for document in documents])


@dataclass(frozen=True)
class Refined:
    """A selected document and the spans of it that refined rows rest on: (span, doc_id and generation of the row)."""

    document: Mapping[str, Any]
    spans: tuple[tuple[Span, str, int], ...]

    def behind(self, span: Span) -> tuple[tuple[str, ...], int]:
        """The refined rows whose span holds this one, sorted, and their largest generation."""
        rows = [(row, age) for outer, row, age in self.spans if outer.start <= span.start and span.end <= outer.end]
        return tuple(sorted(row for row, _ in rows)), max(age for _, age in rows)


def claims_of_choice(passage: Passage, completion: Completion) -> list[Claim] | Flaw:
    """The one claim that a small model chose; its text is the clause it divided."""
    source = one_line(passage.text)
    value = parsed(completion)
    found = value if isinstance(value, Flaw) else fields(value, SMALL.fields, source)
    if isinstance(found, Flaw):
        return found
    for option in divisions(source):
        if option[:3] == (found["subject"], found["predicate"], found["object"]):
            return [Claim(option.subject, option.predicate, option.object, f"{option.text}.", passage.span)]
    leaked = leaks(" ".join(found.values()), source, SMALL.example_text)
    return Flaw.unsupported("example_leak") if leaked else Flaw.invalid("division")


def claims_of_list(passage: Passage, completion: Completion) -> list[Claim | Flaw] | Flaw:
    """The claims that a large model listed, each with the span of its quotation, which must be verbatim."""
    value = parsed(completion)
    if isinstance(value, Flaw):
        return value
    facts = value.get("facts") if isinstance(value, dict) else None
    if not isinstance(facts, list):
        return Flaw.invalid("json")
    return [_quoted(passage, fact) for fact in facts[: passage.most_claims]] or Flaw.invalid("empty")


def _quoted(passage: Passage, fact: Any) -> Claim | Flaw:
    found = fields(fact, LARGE.fields, passage.text)
    if isinstance(found, Flaw):
        return found
    at = passage.text.find(found["quote"])
    if at < 0:
        return Flaw.unsupported("quote")
    start = passage.span.start + at
    subject, predicate, rest = found["subject"], found["predicate"], found["object"]
    text = " ".join(" ".join((subject, predicate, rest)).split())
    ended = text if text[-1] in ".!?。！？" else f"{text}."
    return Claim(subject, predicate, rest, ended, Span(start, start + len(found["quote"])))


def _sentences_of(refined: Refined, policy: OrganizedPolicy) -> Iterator[Passage]:
    text = refined.document["text"]
    seen: set[Span] = set()
    for outer, _, _ in refined.spans:
        for span in chosen_sentences(text, outer, policy.passages):
            source = one_line(span.of(text))
            options = divisions(source)
            if span in seen or not options or holds_control(source):
                continue
            seen.add(span)
            # What is chosen is at most the sentence once, and the JSON around it.
            sampling = Sampling(math.ceil(len(source) / 3) + 40, policy.temperature, seed=policy.seed)
            prompt = SMALL.prompt(source, sampling, choice_schema(options))
            yield Passage(refined.document, *refined.behind(span), span, prompt, 1)


def _spans_of(refined: Refined, policy: OrganizedPolicy) -> Iterator[Passage]:
    text = refined.document["text"]
    for span in dict.fromkeys(outer for outer, _, _ in refined.spans):
        if sum(char.isalpha() for char in span.of(text)) < _MIN_PASSAGE_LETTERS:
            continue
        sampling = Sampling(_LARGE_TOKENS, policy.temperature, seed=policy.seed)
        schema = {
            "type": "object",
            "properties": {"facts": {"type": "array", "maxItems": MAX_FACTS, "items": object_schema(*LARGE.fields)}},
            "required": ["facts"],
            "additionalProperties": False,
        }
        prompt = LARGE.prompt(span.of(text), sampling, schema)
        yield Passage(refined.document, *refined.behind(span), span, prompt, MAX_FACTS)


def _interleaved(lists: list[list[Passage]]) -> list[Passage]:
    """First of every list, then second of every list, and so on: a budget that ends early has seen every document."""
    return [passage for row in zip_longest(*lists) for passage in row if passage is not None]
