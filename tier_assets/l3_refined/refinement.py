"""Selected documents in, refined rows out: which documents and parts are asked about, and what becomes of each answer.

What is asked and what makes an answer good is in `recipes.py`; the budget and the waves of requests in `asking.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tier_assets.asking import ask, identity, need_context
from tier_assets.inference import Completion, LanguageModel, Prompt, Report
from tier_assets.l3_refined.recipes import CONTEXT_TOKENS, LANGUAGES, Draft, Recipe, recipes
from tier_assets.outcome import Outcome
from tier_assets.policy import RefinedPolicy
from tier_assets.schemas import DECISIONS, ROWS, DropReason
from tier_assets.text.answers import Flaw
from tier_assets.text.contamination import RULE, Index, find
from tier_assets.text.normalization import folded_sha256
from tier_assets.text.sentences import Span
from tier_assets.tiers import Tier

_Reading = tuple[Draft | Flaw, float | None]


@dataclass(frozen=True)
class Attempt:
    """One passage of one document, asked about by one recipe."""

    document: dict[str, Any]
    recipe: Recipe
    part: int
    span: Span
    prompt: Prompt

    @property
    def doc_id(self) -> str:
        """Identity of the row it may become."""
        return identity([self.document["doc_id"]], self.recipe.name, self.prompt.digest, self.part)


@dataclass
class _Ledger:
    """What has been decided so far."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[tuple[str, str], str] = field(default_factory=dict)

    def decide(self, document: dict[str, Any], doc_id: str, flaw: Flaw | None, **columns: Any) -> None:
        self.decisions.append(
            {
                "doc_id": doc_id,
                "uri": document["uri"],
                "kept": flaw is None,
                "drop_reason": flaw and flaw.reason.value,
                "rule": flaw and flaw.rule,
                "value": flaw and flaw.value,
                "threshold": flaw and flaw.threshold,
                "parent_ids": [document["doc_id"]],
                **columns,
            }
        )


def refine(
    documents: pl.DataFrame,
    model: LanguageModel,
    *,
    policy: RefinedPolicy,
    token_budget: int,
    report: Report,
    contamination: Index | None = None,
) -> Outcome:
    """Refine the best documents of a partition by every recipe of the policy.

    `documents` has one row per promoted L2 document (schemas.ROWS[SELECTED]). Rows out: one per good answer
    (schemas.ROWS[REFINED]); decisions: one per attempt, and one per document of which nothing was attempted. A function
    of the documents, the model's answers, the policy, `token_budget` (generated tokens) and the benchmark items of
    `contamination` alone: neither the order of the rows nor what is cached matters. An answer that repeats such an item
    is dropped. Raises PolicyError for a model of too little context, ModelUnavailableError from the model.
    """
    need_context(model, CONTEXT_TOKENS[model.profile])
    ledger = _Ledger()
    attempts = list(_attempts(_ranked(documents), recipes(model.profile, policy), model, policy, ledger))
    answers = ask(model, [attempt.prompt for attempt in attempts], token_budget, report, "refining")
    readings = [_read(attempt, each, policy) for attempt, each in zip(attempts, answers.completions, strict=True)]
    clean = _decontaminated(readings, contamination)
    for attempt, completion, reading in zip(attempts, answers.completions, clean, strict=True):
        _settle(attempt, completion, reading, model, token_budget, ledger)
    return Outcome(
        ROWS[Tier.REFINED].conform(_frame(ledger.rows, ROWS[Tier.REFINED].polars)),
        DECISIONS[Tier.REFINED].conform(_frame(ledger.decisions, DECISIONS[Tier.REFINED].polars)),
        measures={**answers.measures, **_shares(ledger.decisions), "distinct_outputs": float(len(ledger.outputs))},
        notes=_notes(ledger.decisions, model),
    )


def _ranked(documents: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The best first; without a score, in the order of their capture."""
    order = ["quality_score", "file", "offset", "doc_id"]
    return documents.sort(order, descending=[True, False, False, False], nulls_last=True).iter_rows(named=True)


def _attempts(
    ranked: Iterator[dict[str, Any]],
    book: Sequence[Recipe],
    model: LanguageModel,
    policy: RefinedPolicy,
    ledger: _Ledger,
) -> Iterator[Attempt]:
    """What will be asked, in order. A document that is not asked about is decided here."""
    languages, taken = LANGUAGES[model.profile], 0
    for document in ranked:
        flaw = None
        made: list[Attempt] = []
        if languages is not None and document["language"] not in languages:
            flaw = Flaw(DropReason.LANGUAGE, "model_language")
        elif taken >= policy.max_documents:
            flaw = Flaw(DropReason.BEYOND_BUDGET, "max_documents", taken + 1, policy.max_documents)
        else:
            made = [attempt for recipe in book for attempt in _of_document(document, recipe, policy)]
            flaw = None if made else Flaw(DropReason.EMPTY, "no_passage")
        if flaw is not None:
            ledger.decide(document, identity([document["doc_id"]], "not attempted"), flaw)
        else:
            taken += 1
            yield from made


def _of_document(document: dict[str, Any], recipe: Recipe, policy: RefinedPolicy) -> Iterator[Attempt]:
    for part, span in enumerate(recipe.parts(document["text"], policy)):
        yield Attempt(document, recipe, part, span, recipe.prompt(span.of(document["text"]), policy))


def _read(attempt: Attempt, completion: Completion | None, policy: RefinedPolicy) -> _Reading | None:
    if completion is None:
        return None
    return attempt.recipe.read(attempt.span.of(attempt.document["text"]), completion, policy)


def _decontaminated(readings: Sequence[_Reading | None], index: Index | None) -> list[_Reading | None]:
    """The readings, but a draft of which the text, the question or the answer repeats a benchmark's item is a flaw."""
    if index is None:
        return list(readings)
    places, texts = [], []
    for place, reading in enumerate(readings):
        if reading is not None and isinstance(reading[0], Draft):
            draft = reading[0]
            said = [text for text in (draft.text, draft.question, draft.answer) if text]
            texts += said
            places += [place] * len(said)
    clean = list(readings)
    hits = find(texts, index).with_columns(place=pl.Series(places, dtype=pl.Int64)).drop_nulls("item").sort("run_words")
    for hit in hits.iter_rows(named=True):
        reading = readings[hit["place"]]
        flaw = Flaw(DropReason.CONTAMINATED, RULE, hit["run_words"], hit["min_words"])
        clean[hit["place"]] = flaw, reading[1] if reading else None
    return clean


def _settle(
    attempt: Attempt,
    completion: Completion | None,
    reading: _Reading | None,
    model: LanguageModel,
    token_budget: int,
    ledger: _Ledger,
) -> None:
    """Decide about one attempt."""
    columns: dict[str, Any] = {"recipe": attempt.recipe.name, "part": attempt.part}
    if completion is None or reading is None:
        flaw = Flaw(DropReason.BEYOND_BUDGET, "max_tokens", None, token_budget)
        ledger.decide(attempt.document, attempt.doc_id, flaw, **columns)
        return
    result, share = reading
    columns |= {
        "prompt_hash": attempt.prompt.digest,
        "finish_reason": completion.finish_reason,
        "support": share,
        "completion_tokens": completion.completion_tokens,
    }
    if isinstance(result, Draft):
        output = (attempt.recipe.name, folded_sha256(result.text))
        first = ledger.outputs.setdefault(output, attempt.doc_id)
        if first != attempt.doc_id:
            result, columns = Flaw(DropReason.DUPLICATE, "output"), columns | {"duplicate_of": first}
    if isinstance(result, Flaw):
        ledger.decide(attempt.document, attempt.doc_id, result, **columns)
        return
    ledger.decide(attempt.document, attempt.doc_id, None, **columns)
    ledger.rows.append(_row(attempt, result, completion, model))


def _row(attempt: Attempt, draft: Draft, completion: Completion, model: LanguageModel) -> dict[str, Any]:
    document, sampling = attempt.document, attempt.prompt.sampling
    return {
        **{name: document[name] for name in ("uri", "source", "license", "fetched_at", "language")},
        "doc_id": attempt.doc_id,
        "generation": document["generation"] + 1,
        "parent_ids": [document["doc_id"]],
        "recipe": attempt.recipe.name,
        "part": attempt.part,
        "text": draft.text,
        "text_chars": len(draft.text),
        "text_words": len(draft.text.split()),
        "question": draft.question,
        "answer": draft.answer,
        "evidence_start": attempt.span.start,
        "evidence_end": attempt.span.end,
        "support": draft.support,
        "model": model.name,
        "model_digest": model.digest,
        "prompt_hash": attempt.prompt.digest,
        "seed": sampling.seed,
        "temperature": sampling.temperature,
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
    }


def _frame(rows: list[dict[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema).sort("doc_id")


def _shares(decisions: list[dict[str, Any]]) -> dict[str, float]:
    """Share (0..1) of the attempts made that were invalid and unsupported."""
    made = [row for row in decisions if row.get("prompt_hash") is not None]
    return {
        f"{name}_share": sum(row["drop_reason"] == reason for row in made) / len(made) if made else 0.0
        for name, reason in (("invalid", DropReason.INVALID_OUTPUT), ("unsupported", DropReason.UNSUPPORTED))
    }


def _notes(decisions: list[dict[str, Any]], model: LanguageModel) -> tuple[str, ...]:
    foreign = sum(row["rule"] == "model_language" for row in decisions)
    return (f"{foreign} documents are in languages that {model.name} does not write",) if foreign else ()
