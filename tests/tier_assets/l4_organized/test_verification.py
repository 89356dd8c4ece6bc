"""A claim is a fact only if the span of its evidence alone supports it."""

import pytest

from tier_assets.l4_organized.claims import Claim
from tier_assets.l4_organized.verification import verify
from tier_assets.policy import Grounding
from tier_assets.text.sentences import Span

EVIDENCE = "In 1961 Ana Petrov built a canal of 30 km, which does not freeze, to Oslo."


@pytest.mark.parametrize(
    ("subject", "predicate", "rest", "rule"),
    [
        ("Ana Petrov", "built", "a canal to Oslo in 1961", None),
        ("Ana Petrov", "built", "a canal of 31 km", "number"),
        ("Ana Petrov", "built", "a canal to Bergen", "name"),
        ("Ivanova", "built", "a canal to Oslo", "name"),
        ("Ana Petrov", "adored", "swimming, hiking and cooking", "content_words"),
        ("Ana Petrov", "never built", "a canal to Oslo", "turning_words"),
        ("She", "built", "a canal to Oslo", "vague_subject"),
        ("it", "was built", "to Oslo", "vague_subject"),
        ("...", "built", "a canal to Oslo", "vague_subject"),
        ("Ana Petrov", "built", "a canal to Oslo?", "question"),
    ],
)
def test_the_first_broken_rule_is_named(subject, predicate, rest, rule):
    text = f"{subject} {predicate} {rest}"
    claim = Claim(subject, predicate, rest, text if text.endswith("?") else f"{text}.", Span(0, len(EVIDENCE)))
    flaw, _ = verify(claim, EVIDENCE, Grounding())
    assert (flaw.rule if flaw else None) == rule
    assert flaw is None or flaw.reason == "unsupported"


def test_the_share_of_supported_words_is_told():
    claim = Claim("Ana Petrov", "built", "many old boats", "Ana Petrov built many old boats.", Span(0, 1))
    _, share = verify(claim, EVIDENCE, Grounding())
    assert share == pytest.approx(3 / 5)
