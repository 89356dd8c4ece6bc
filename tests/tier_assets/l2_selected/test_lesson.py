import json

import polars as pl
import pytest

from resources.text_classifier import FastTextTrainer
from tests.recorded import RecordedLanguageModel
from tier_assets.errors import StrataError
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.l2_selected.lesson import Lesson, promoted_scorer, wants_scorer
from tier_assets.l2_selected.prompts import RATING_DIGEST
from tier_assets.outcome import Outcome
from tier_assets.policy_book import PolicyBook


class Silent:
    """A language model that must not be asked."""


GOOD = [f"The river {name} rises in the hills and feeds {number} mills along its banks." for number, name in
        enumerate(["Ada", "Bor", "Cem", "Dun", "Esk", "Fal", "Gle", "Hum", "Isk", "Jor"] * 3)]  # fmt: skip
BAD = [f"click here buy now cheap {number} best price free shipping order today {number}" for number in range(30)]


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    return home


def policy(**scorer):
    return PolicyBook({"selected": {"keep_char_share": 0.5, "scorer": scorer}}).default.selected


def write_labels(home, good, bad):
    rows = [{"text": text, "label": 1} for text in good] + [{"text": text, "label": 0} for text in bad]
    (home.root / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def promote(lake, name, outcome: Outcome):
    key = PartitionKey.parse(name)
    source = Outcome(outcome.rows.with_columns(source=pl.lit(key.source)), outcome.decisions)
    return lake.promote(lake.stage("filtered", key, source, basis=0, parts={"x": name}))


def test_nothing_to_learn_from_wants_no_scorer():
    assert not wants_scorer(policy())
    assert wants_scorer(policy(anchors=["wiki"]))
    assert wants_scorer(policy(labels=["labels.jsonl"]))


def test_peoples_labels_train_a_scorer_whose_file_lies_in_the_home(lake, home, documents):
    write_labels(home, GOOD, BAD)
    promote(lake, "crawl.1", documents(*GOOD[:3]))
    lesson = Lesson(lake, home, policy(labels=["labels.jsonl"]))
    learnt = lesson.learn(FastTextTrainer(), Silent())
    (row,) = learnt.rows.to_dicts()
    assert (row["good"], row["bad"]) == (30, 30)
    assert row["auc"] > 0.9
    classifier = promoted_scorer(home, FastTextTrainer(), row["sha256"])
    assert classifier.digest == row["sha256"]


def test_where_people_say_what_is_bad_other_sources_do_not_stand_in_for_it(lake, home, documents):
    write_labels(home, [], BAD)
    promote(lake, "wiki.1", documents(*GOOD))
    promote(lake, "crawl.1", documents(*(text.replace("river", "brook") for text in GOOD)))
    learnt = Lesson(lake, home, policy(anchors=["wiki"], labels=["labels.jsonl"])).learn(FastTextTrainer(), Silent())
    origins = learnt.decisions.filter("kept").group_by("label", "origin").len().sort("label").rows()
    assert [(label, origin) for label, origin, _ in origins] == [(0, "labels"), (1, "anchor")]


def test_what_was_seen_is_frozen_and_new_partitions_change_the_parts(lake, home, documents):
    write_labels(home, GOOD, BAD)
    promote(lake, "crawl.1", documents("a"))
    lesson = Lesson(lake, home, policy(labels=["labels.jsonl"]))
    before = lesson.parts(Silent())
    assert [name for name, _ in lesson.seen] == ["crawl.1"]
    promote(lake, "crawl.2", documents("b"))
    assert lesson.parts(Silent()) == before
    assert Lesson(lake, home, policy(labels=["labels.jsonl"])).parts(Silent()) != before


def parts(lake, home, digest, **scorer):
    return Lesson(lake, home, policy(**scorer)).parts(RecordedLanguageModel({}, digest=digest))


def test_the_model_that_rates_and_its_prompt_are_parts_of_a_scorer(lake, home):
    write_labels(home, GOOD, BAD)
    one, other = (parts(lake, home, digest, labels=["labels.jsonl"], model_ratings=True) for digest in ("a", "b"))
    assert {name for name in one if one[name] != other[name]} == {"language model"}
    assert one["prompts"] == RATING_DIGEST


def test_a_model_that_rates_nothing_is_no_part_of_a_scorer(lake, home):
    write_labels(home, GOOD, BAD)
    for scorer in ({"labels": ["labels.jsonl"]}, {"anchors": ["wiki"], "model_ratings": True}):
        assert {"language model", "prompts"}.isdisjoint(parts(lake, home, "a", **scorer))


def test_labels_values_and_what_is_installed_are_parts_of_a_scorer(lake, home):
    write_labels(home, GOOD, BAD)
    before = parts(lake, home, "a", labels=["labels.jsonl"])
    assert {"library fasttext-ng", "Python's random"} <= before.keys()
    after = parts(lake, home, "a", labels=["labels.jsonl"], anchors=["wiki"])
    assert {name for name in before if before[name] != after[name]} == {"policy"}
    write_labels(home, GOOD[1:], BAD)
    after = parts(lake, home, "a", labels=["labels.jsonl"])
    assert {name for name in before if before[name] != after[name]} == {"labels"}


def test_a_lesson_learns_from_the_versions_it_has_seen_whatever_is_promoted_meanwhile(lake, home, documents):
    write_labels(home, [], BAD)
    promote(lake, "wiki.1", documents(*GOOD))
    promote(lake, "crawl.1", documents(*(text.replace("river", "brook") for text in GOOD)))
    lesson = Lesson(lake, home, policy(anchors=["wiki"], labels=["labels.jsonl"]))
    first = lesson.learn(FastTextTrainer(), Silent())
    later = documents(*(text.replace("river", "canal") for text in GOOD))
    key = PartitionKey.parse("wiki.1")
    lake.promote(lake.stage("filtered", key, later, basis=1, parts={"x": "2"}))
    assert lesson.learn(FastTextTrainer(), Silent()).rows.equals(first.rows)
    again = Lesson(lake, home, policy(anchors=["wiki"], labels=["labels.jsonl"]))
    assert not again.learn(FastTextTrainer(), Silent()).rows.equals(first.rows)


def test_a_label_file_that_is_not_there_is_named(lake, home):
    with pytest.raises(StrataError, match="selected.scorer.labels names .*nowhere.jsonl, which is no file"):
        Lesson(lake, home, policy(labels=["nowhere.jsonl"]))


def test_labels_that_are_not_utf8_are_named(lake, home):
    (home.root / "labels.jsonl").write_bytes(b'{"text": "\xff", "label": 1}\n')
    with pytest.raises(StrataError, match="labels.jsonl is not UTF-8"):
        Lesson(lake, home, policy(labels=["labels.jsonl"])).learn(FastTextTrainer(), Silent())


def test_a_scorer_whose_file_changed_is_not_used(home):
    path = home.models / ("0" * 64 + ".bin")
    path.write_bytes(b"not a model")
    with pytest.raises(StrataError, match="missing or damaged"):
        promoted_scorer(home, FastTextTrainer(), "0" * 64)
