"""Which claims are one fact: equal when normalised. Merging happens within a partition; `index.py` groups across."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*|[-+](?=\d)|[%‰°€$£¥]")


def fact_id(text: str) -> str:
    """Identity of what a claim says: blake2b-128 (32 hex digits) of its words in Unicode form KC, case folded.

    Equal across partitions, and for every way to divide a statement into subject, predicate and object.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def merged(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per fact_id: the first one, with the evidence and parents of all.

    `rows` are rows of schemas.ROWS[ORGANIZED] in order. Evidence is united, sorted by place and free of repeats;
    parent_ids are united and sorted; the generation is the largest.
    """
    facts: dict[str, dict[str, Any]] = {}
    for row in rows:
        fact = facts.setdefault(row["fact_id"], {**row, "evidence": [], "parent_ids": []})
        fact["evidence"] += row["evidence"]
        fact["parent_ids"] += row["parent_ids"]
        fact["generation"] = max(fact["generation"], row["generation"])
    return [_settled(fact) for fact in facts.values()]


def _settled(fact: dict[str, Any]) -> dict[str, Any]:
    places = {(span["doc_id"], span["start"], span["end"]): span for span in fact["evidence"]}
    evidence = [places[place] for place in sorted(places)]
    return {
        **fact,
        "parent_ids": sorted(set(fact["parent_ids"])),
        "evidence": evidence,
        "evidence_count": len(evidence),
    }
