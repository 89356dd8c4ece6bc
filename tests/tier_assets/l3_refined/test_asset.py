import json

import polars as pl
import pytest

from tests.recorded import RecordedLanguageModel
from tier_assets.keys import PartitionKey
from tier_assets.l3_refined.asset import l3_refined
from tier_assets.outcome import Outcome
from tier_assets.schemas import TABLES

LIGHTHOUSE = (
    "The lighthouse of the northern cape was built in 1857 by the engineer Anna Lindqvist, who had studied the currents "
    "of the bay for eleven years. Its lamp burned rapeseed oil at first and was later fed with gas from the town. "
    "Fishermen of the coast paid for a third of the tower, and their names are carved into the lowest ring of granite. "
    "Today the tower is a museum, and the old lens, which weighs four tonnes, stands on the ground floor behind glass."
)
KEY = PartitionKey.parse("crawl.1")


def answer(prompt):
    """A question made of the sentence's own words; edits are never right."""
    sentence = prompt.messages[-1].content.partition(": ")[2]
    if "question" not in prompt.json_schema["properties"]:
        return json.dumps({"text": "Nothing of the kind."})
    return json.dumps({"question": f"What is known of {' '.join(sentence.split()[-4:]).strip('.')}?"})


@pytest.fixture
def selected(platform, documents):
    schema = TABLES["selected"]
    rows = documents(LIGHTHOUSE).rows
    decisions = schema.decisions.conform(rows.select("doc_id", "uri", pl.lit(True).alias("kept")))
    outcome = Outcome(schema.rows.conform(rows), decisions)
    platform.lake.promote(platform.lake.stage("selected", KEY, outcome, basis=0, parts={}))
    return platform


def test_grounded_answers_are_promoted_and_carry_how_they_were_made(selected):
    model = RecordedLanguageModel(answer)
    assert selected.run(l3_refined, KEY, language_model=model).success
    rows = selected.lake.read("refined", KEY).collect()
    assert rows.height > 0
    assert rows["recipe"].unique().to_list() == ["qa"]
    assert rows["model"].unique().to_list() == ["recorded"]
    assert rows["generation"].unique().to_list() == [1]
    assert all(answer in LIGHTHOUSE for answer in rows["answer"])
    decisions = selected.lake.decisions("refined", KEY).collect()
    assert decisions.height == model.calls
    assert decisions["kept"].sum() == rows.height


def test_a_spent_budget_asks_nothing_and_says_so(selected):
    model = RecordedLanguageModel(answer)
    assert selected.run(l3_refined, KEY, tags={"strata/token_budget": "0"}, language_model=model).success
    assert model.calls == 0
    reasons = selected.lake.decisions("refined", KEY).collect()["drop_reason"].unique().to_list()
    assert reasons == ["beyond_budget"]


def test_a_model_that_only_fails_is_held_with_counted_drops(selected):
    result = selected.run(l3_refined, KEY, language_model=RecordedLanguageModel(lambda _: None))
    failed = {check.check_name for check in result.get_asset_check_evaluations() if check.severity.value == "ERROR"}
    assert (result.success, failed) == (False, {"volume"})
    assert selected.lake.held("refined", KEY).summary["dropped"]["model_error"] > 0


def test_another_model_makes_it_stale(selected):
    selected.run(l3_refined, KEY, language_model=RecordedLanguageModel(answer))
    selected.run(l3_refined, KEY, language_model=RecordedLanguageModel(answer, digest="another"))
    assert selected.lake.head("refined", KEY).number == 2
