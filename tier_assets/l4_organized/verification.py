"""Whether a claim is a fact: the same rule of grounding as L3's, against the span of its evidence alone."""

import re

from tier_assets.l4_organized.claims import Claim
from tier_assets.policy import Grounding
from tier_assets.text.answers import Flaw
from tier_assets.text.grounding import breach, support, turning_words

_QUESTION = re.compile(r"[?？؟]\W*$")
# Subjects that mean nothing without the document. English, French, German, Spanish, Italian; Chinese and Japanese.
_VAGUE = frozenset(
    """it he she they this that these those we i you one some others there here who which what such both all its his
    il elle ils elles ce cela ceci on nous er sie es dies dieser diese wir man él ella ellos esto eso este egli essa ciò
    它 他 她 他们 她们 它们 这 那 我们 これ それ 彼 彼女""".split()
)


def verify(claim: Claim, evidence: str, policy: Grounding) -> tuple[Flaw | None, float]:
    """Why a claim is no fact, or None, and the share (0..1) of its content words in `evidence`, its verbatim span.

    Rules: `question`, `vague_subject`, then `number`, `name`, `content_words` of the whole and `name` of the subject,
    whose first word is no exception there; `turning_words` where it negates or bounds what the evidence does not.
    """
    found = support(claim.text, evidence)
    share = found.content_word_support
    if _QUESTION.search(claim.text):
        return Flaw.unsupported("question"), share
    if not any(char.isalnum() for char in claim.subject) or claim.subject.strip(" .,'\"").casefold() in _VAGUE:
        return Flaw.unsupported("vague_subject"), share
    # A word in front, so that the subject's first word is not taken for a mere beginning of a sentence.
    broken = breach(found, policy) or breach(support(f"the {claim.subject}", evidence), policy)
    if broken is not None:
        return Flaw.of(broken), share
    if added := turning_words(claim.text) - turning_words(evidence):
        return Flaw.unsupported("turning_words", len(added), 0), share
    return None, share
