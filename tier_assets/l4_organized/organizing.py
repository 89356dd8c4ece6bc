"""Refined rows in, facts out: which passages are asked about, and what becomes of each candidate claim.

Passages and claims are made in `claims.py`, judged in `verification.py`, merged in `resolution.py`; full-text lookup is
`index.py`'s, the budget and the waves of requests `asking.py`'s.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from tier_assets.asking import ask, identity, need_context
from tier_assets.inference import Completion, LanguageModel, Report
from tier_assets.l4_organized.claims import (
    Claim,
    Passage,
    Refined,
    claims_of_choice,
    claims_of_list,
    large_passages,
    small_passages,
)
from tier_assets.l4_organized.resolution import fact_id, merged
from tier_assets.l4_organized.verification import verify
from tier_assets.outcome import Outcome
from tier_assets.policy import OrganizedPolicy
from tier_assets.schemas import DECISIONS, ROWS, DropReason
from tier_assets.text.answers import Flaw
from tier_assets.text.sentences import Span
from tier_assets.tiers import Tier

_CONTEXT_TOKENS = {"small": 1024, "large": 2048}

Decision = dict[str, Any]


def organize(
    refined: pl.DataFrame,
    selected: pl.DataFrame,
    model: LanguageModel,
    *,
    policy: OrganizedPolicy,
    token_budget: int,
    report: Report,
) -> Outcome:
    """Ask for facts of the passages that refined rows rest on, verify each against its span, merge equal ones.

    `refined` has the partition's promoted L3 rows, `selected` its promoted L2 rows. Rows out: one per fact
    (schemas.ROWS[ORGANIZED]); decisions: one per candidate claim, per passage not asked about, and per refined row that led
    to no passage or whose document is not selected any more. A function of the rows, the model's answers, the policy and
    `token_budget` (generated tokens) alone. Raises PolicyError, and ModelUnavailableError from the model.
    """
    need_context(model, _CONTEXT_TOKENS[model.profile])
    documents = {row["doc_id"]: row for row in selected.iter_rows(named=True)}
    decisions = list(_orphans(refined, documents))
    make = small_passages if model.profile == "small" else large_passages
    passages = make(_refined_documents(refined, documents), policy)
    decisions += _unasked(refined, documents, passages)
    asked = max((policy.max_claims // passages[0].most_claims) if passages else 0, int(policy.max_claims > 0))
    for passage in passages[asked:]:
        flaw = Flaw(DropReason.BEYOND_BUDGET, "max_claims", None, policy.max_claims)
        decisions.append(_decision(passage, 0, flaw))
    passages = passages[:asked]
    answers = ask(model, [passage.prompt for passage in passages], token_budget, report, "organizing")
    rows: list[dict[str, Any]] = []
    survivors: dict[str, str] = {}
    for passage, completion in zip(passages, answers.completions, strict=True):
        if completion is None:
            flaw = Flaw(DropReason.BEYOND_BUDGET, "max_tokens", None, token_budget)
            decisions.append(_decision(passage, 0, flaw))
            continue
        _settle(passage, completion, model, policy, rows, survivors, decisions)
    return Outcome(
        ROWS[Tier.ORGANIZED].conform(_frame(merged(rows), ROWS[Tier.ORGANIZED].polars)),
        DECISIONS[Tier.ORGANIZED].conform(_frame(decisions, DECISIONS[Tier.ORGANIZED].polars)),
        measures={**answers.measures, "claims_verified": float(len(rows)), "facts": float(len(survivors))},
    )


def _refined_documents(refined: pl.DataFrame, documents: dict[str, dict[str, Any]]) -> Iterator[Refined]:
    """The documents behind the refined rows, in the order of their captures; question-answer spans first."""
    spans: dict[str, list[tuple[Span, str, int]]] = {}
    ordered = refined.sort(pl.col("recipe") != "qa", "part", "recipe", "doc_id")
    for row in ordered.iter_rows(named=True):
        for parent in row["parent_ids"]:
            if parent in documents:
                span = Span(row["evidence_start"], row["evidence_end"])
                spans.setdefault(parent, []).append((span, row["doc_id"], row["generation"]))
    for doc_id in sorted(spans, key=lambda key: (documents[key]["file"], documents[key]["offset"], key)):
        yield Refined(documents[doc_id], tuple(spans[doc_id]))


def _orphans(refined: pl.DataFrame, documents: dict[str, dict[str, Any]]) -> Iterator[Decision]:
    for row in refined.iter_rows(named=True):
        if not any(parent in documents for parent in row["parent_ids"]):
            flaw = Flaw.unsupported("parent_gone")
            yield {
                **_verdict(flaw),
                "doc_id": identity([row["doc_id"]], "no document"),
                "uri": row["uri"],
                "parent_ids": [row["doc_id"]],
            }


def _unasked(
    refined: pl.DataFrame, documents: dict[str, dict[str, Any]], passages: Sequence[Passage]
) -> Iterator[Decision]:
    """Rows that rest on nothing to ask about: no sentence that can be divided, too few letters."""
    asked = {refined_id for passage in passages for refined_id in passage.refined_ids}
    for row in refined.iter_rows(named=True):
        parents = [parent for parent in row["parent_ids"] if parent in documents]
        if parents and row["doc_id"] not in asked:
            yield {
                **_verdict(Flaw(DropReason.EMPTY, "no_passage")),
                "doc_id": identity([row["doc_id"]], "no passage"),
                "uri": row["uri"],
                "parent_ids": sorted({row["doc_id"], *parents}),
            }


def _settle(
    passage: Passage,
    completion: Completion,
    model: LanguageModel,
    policy: OrganizedPolicy,
    rows: list[dict[str, Any]],
    survivors: dict[str, str],
    decisions: list[Decision],
) -> None:
    """Decide about every claim of one answer. Its tokens are shared out among them."""
    made: Sequence[Claim | Flaw] | Flaw = (
        claims_of_choice(passage, completion) if passage.most_claims == 1 else claims_of_list(passage, completion)
    )
    claims = [made] if isinstance(made, Flaw) else list(made)
    for index, claim in enumerate(claims):
        answered = {
            "prompt_hash": passage.prompt.digest,
            "finish_reason": completion.finish_reason,
            "completion_tokens": completion.completion_tokens / len(claims),
        }
        if isinstance(claim, Flaw):
            decisions.append(_decision(passage, index, claim) | answered)
            continue
        flaw, share = verify(claim, claim.evidence.of(passage.document["text"]), policy.grounding)
        decision = _decision(passage, index, flaw) | answered | {"support": share, "fact_id": fact_id(claim.text)}
        if flaw is None:
            rows.append(_row(passage, claim, decision["doc_id"], completion, model))
            first = survivors.setdefault(decision["fact_id"], decision["doc_id"])
            if first != decision["doc_id"]:
                decision |= _verdict(Flaw(DropReason.DUPLICATE, "fact")) | {"duplicate_of": first}
        decisions.append(decision)


def _decision(passage: Passage, index: int, flaw: Flaw | None) -> Decision:
    return {
        **_verdict(flaw),
        "doc_id": identity(passage.parent_ids, "fact", passage.prompt.digest, [*passage.span], index),
        "uri": passage.document["uri"],
        "parent_ids": passage.parent_ids,
    }


def _verdict(flaw: Flaw | None) -> Decision:
    if flaw is None:
        return {"kept": True, "drop_reason": None, "rule": None, "value": None, "threshold": None}
    return {
        "kept": False,
        "drop_reason": flaw.reason.value,
        "rule": flaw.rule,
        "value": flaw.value,
        "threshold": flaw.threshold,
    }


def _row(passage: Passage, claim: Claim, doc_id: str, completion: Completion, model: LanguageModel) -> dict[str, Any]:
    document, sampling = passage.document, passage.prompt.sampling
    evidence = {
        **{name: document[name] for name in ("doc_id", "uri", "file", "offset")},
        "text": claim.evidence.of(document["text"]),
        "start": claim.evidence.start,
        "end": claim.evidence.end,
    }
    return {
        **{name: document[name] for name in ("uri", "source", "license", "fetched_at", "language")},
        "doc_id": doc_id,
        "fact_id": fact_id(claim.text),
        "generation": passage.generation + 1,
        "parent_ids": passage.parent_ids,
        "text": claim.text,
        "text_chars": len(claim.text),
        "text_words": len(claim.text.split()),
        "subject": claim.subject,
        "predicate": claim.predicate,
        "object": claim.object,
        "evidence": [evidence],
        "model": model.name,
        "model_digest": model.digest,
        "prompt_hash": passage.prompt.digest,
        "seed": sampling.seed,
        "temperature": sampling.temperature,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
    }


def _frame(rows: list[dict[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema).sort("doc_id")
