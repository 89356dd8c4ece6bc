"""Rating: labels by a language model, and the check that lets them count only if they agree with people's.

A model that agrees with nobody teaches a scorer its own taste: SmolLM2-135M's yes and no are near chance. So the ratings
are measured on people's labels first, and where they fail, no document is rated at all. The prompt is in `prompts.py`.
"""

import json
from collections.abc import Sequence

import polars as pl

from tier_assets.inference import Completion, LanguageModel, Message, Prompt, Sampling
from tier_assets.l2_selected.examples import MODEL, NO_EXAMPLES, of_documents
from tier_assets.l2_selected.prompts import RATING_MAX_TOKENS, RATING_SCHEMA, RATING_SYSTEM, RATING_TEMPLATE
from tier_assets.policy import ScorerPolicy


def rated_examples(
    documents: pl.DataFrame, labels: pl.DataFrame, model: LanguageModel, policy: ScorerPolicy
) -> tuple[pl.DataFrame, str]:
    """The model's labels as examples, or none if they do not agree with people's; and a sentence that says which.

    `documents`: one row per document with doc_id, uri, text, the candidates for rating; `labels`: people's labels as
    `EXAMPLE` rows, none of which the model has seen. Returns `EXAMPLE` rows for at most `policy.rated_documents`
    documents, in the order of doc_id, which is a hash; a document without a readable rating has none.
    """
    fewest = min(labels.filter(pl.col("label") == label).height for label in (0, 1))
    if fewest < policy.min_examples:
        return NO_EXAMPLES, (
            f"the ratings of {model.name} were refused: {policy.min_examples} people's labels of each class are needed to "
            f"check them, there are {fewest}"
        )
    agreed = agreement(rate(labels["text"].to_list(), model, policy), labels["label"].to_list())
    if agreed < policy.min_agreement:
        return NO_EXAMPLES, (
            f"the ratings of {model.name} were refused: they agree with people's labels at {agreed:.2f}, "
            f"{policy.min_agreement:.2f} is needed"
        )
    chosen = documents.sort("doc_id").head(policy.rated_documents)
    ratings = rate(chosen["text"].to_list(), model, policy)
    rated = pl.Series(ratings, dtype=pl.Boolean)
    examples = of_documents(chosen.filter(rated.is_not_null()), [int(each) for each in rated.drop_nulls()], MODEL)
    return (
        examples,
        f"the ratings of {model.name} agree with people's labels at {agreed:.2f} and label {examples.height} documents",
    )


def rate(texts: Sequence[str], model: LanguageModel, policy: ScorerPolicy) -> list[bool | None]:
    """Whether each text is good, in the given order; None where the model gave no readable answer.

    The model reads the first `policy.rated_chars` characters of a text. Raises ModelUnavailableError.
    """
    ratings: list[bool | None] = [None] * len(texts)
    for index, completion in model.generate([rating_prompt(text[: policy.rated_chars]) for text in texts]):
        ratings[index] = _read(completion)
    return ratings


def rating_prompt(text: str) -> Prompt:
    """The question about one text; greedy, and constrained to {"good": true | false}."""
    messages = (Message("system", RATING_SYSTEM), Message("user", RATING_TEMPLATE.format(text=text)))
    return Prompt(messages, Sampling(max_tokens=RATING_MAX_TOKENS), RATING_SCHEMA)


def _read(completion: Completion) -> bool | None:
    try:
        answer = json.loads(completion.text)
    except (ValueError, RecursionError):
        return None
    good = answer.get("good") if isinstance(answer, dict) else None
    return good if isinstance(good, bool) else None


def agreement(ratings: Sequence[bool | None], labels: Sequence[int]) -> float:
    """Share of people's labels (1 good, 0 bad) that the ratings repeat: the mean of both classes' shares, 0 to 1.

    In the same order; both labels occur. The mean, since a model that calls everything good would else agree with any
    set of labels that is mostly good. An unreadable rating agrees with nothing.
    """
    right: dict[int, list[bool]] = {0: [], 1: []}
    for rating, label in zip(ratings, labels, strict=True):
        right[label].append(rating is not None and rating == bool(label))
    return sum(sum(each) / len(each) for each in right.values()) / len(right)
