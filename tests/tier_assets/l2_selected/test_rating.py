from collections.abc import Iterator, Sequence
from typing import Literal

import polars as pl
import pytest

from tier_assets.inference import Completion, Prompt
from tier_assets.l2_selected.examples import EXAMPLE, parse_labels
from tier_assets.l2_selected.rating import agreement, rate, rated_examples, rating_prompt
from tier_assets.policy import ScorerPolicy

POLICY = ScorerPolicy(min_examples=2, min_agreement=0.8)
LABELS = parse_labels(
    [
        '{"text": "a guide to tides", "label": 1}',
        '{"text": "a guide to wells", "label": 1}',
        '{"text": "an offer", "label": 0}',
        '{"text": "another offer", "label": 0}',
    ],
    "labels.jsonl",
)
DOCUMENTS = pl.DataFrame(
    {"doc_id": ["d2", "d1", "d3"], "uri": ["u2", "u1", "u3"], "text": ["an old offer", "a guide to stars", "no json"]}
)


class KeywordModel:
    """Answers by a keyword, the last prompt first; keeps what it was asked."""

    name = "keyword"
    digest = "0" * 64
    profile: Literal["small", "large"] = "small"
    context_tokens = 2048

    def __init__(self, keyword: str) -> None:
        self.keyword = keyword
        self.asked: list[Prompt] = []

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        self.asked.extend(prompts)
        for index, prompt in reversed(list(enumerate(prompts))):
            shown = prompt.messages[-1].content.split("A text is good")[0]
            answer = "I do not know" if "no json" in shown else f'{{"good": {str(self.keyword in shown).lower()}}}'
            yield index, Completion(answer, "stop", 10, 5)


def test_ratings_come_in_the_order_of_the_texts_whatever_the_order_of_answers():
    assert rate(["a guide", "an offer", "no json"], KeywordModel("guide"), POLICY) == [True, False, None]


@pytest.mark.parametrize(
    "answer", ["", "[]", "true", '{"good": 1}', '{"good": "true"}', '{"bad": true}', "[" * 100_000]
)
def test_an_answer_that_is_not_a_boolean_is_no_rating(answer: str):
    class Fixed(KeywordModel):
        def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
            yield 0, Completion(answer, "stop", 1, 1)

    assert rate(["a text"], Fixed(""), POLICY) == [None]


def test_the_model_reads_the_beginning_of_a_long_text():
    model = KeywordModel("guide")
    rate(["x" * 50 + "guide"], model, ScorerPolicy(rated_chars=50))
    assert model.asked == [rating_prompt("x" * 50)]


def test_the_question_is_greedy_and_constrained():
    prompt = rating_prompt("a guide with {braces}")
    assert prompt.sampling.temperature == 0
    assert prompt.json_schema is not None
    assert "{braces}" in prompt.messages[-1].content


def test_agreement_is_the_mean_of_both_classes():
    assert agreement([True, True, False, False], [1, 1, 0, 0]) == 1.0
    assert agreement([True, True, True, True], [1, 1, 1, 0]) == 0.5
    assert agreement([None, True, False], [1, 1, 0]) == 0.75


def test_ratings_that_agree_become_examples():
    examples, note = rated_examples(DOCUMENTS, LABELS, KeywordModel("guide"), POLICY)
    assert examples.select("text", "label", "origin").rows() == [
        ("a guide to stars", 1, "model"),
        ("an old offer", 0, "model"),
    ]
    assert examples.schema == EXAMPLE
    assert note == "the ratings of keyword agree with people's labels at 1.00 and label 2 documents"


def test_ratings_that_do_not_agree_are_refused_and_no_document_is_rated():
    model = KeywordModel("an")
    examples, note = rated_examples(DOCUMENTS, LABELS, model, POLICY)
    assert examples.is_empty()
    assert note == "the ratings of keyword were refused: they agree with people's labels at 0.00, 0.80 is needed"
    assert len(model.asked) == LABELS.height


def test_without_enough_labels_to_check_them_ratings_are_refused_unasked():
    model = KeywordModel("guide")
    examples, note = rated_examples(DOCUMENTS, LABELS.head(3), model, POLICY)
    assert examples.is_empty()
    assert note.endswith("2 people's labels of each class are needed to check them, there are 1")
    assert model.asked == []


def test_no_more_documents_are_rated_than_the_policy_says():
    few = ScorerPolicy(min_examples=2, rated_documents=1)
    examples, _ = rated_examples(DOCUMENTS, LABELS, KeywordModel("guide"), few)
    assert examples["parent_ids"].to_list() == [["d1"]]
