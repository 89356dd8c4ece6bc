import json

import polars as pl
import pytest

from tests.recorded import RecordedLanguageModel
from tier_assets.keys import PartitionKey
from tier_assets.l3_refined.asset import l3_refined
from tier_assets.l4_organized.asset import l4_organized
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
    """A grounded question; of a choice, the first that is offered."""
    schema = prompt.json_schema
    if "question" in schema.get("properties", {}):
        sentence = prompt.messages[-1].content.partition(": ")[2]
        return json.dumps({"question": f"What is known of {' '.join(sentence.split()[-4:]).strip('.')}?"})
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return json.dumps({key: value["const"] for key, value in schema[name][0]["properties"].items()})
    return json.dumps({"text": "Nothing of the kind."})


@pytest.fixture
def refined(platform, documents):
    schema = TABLES["selected"]
    rows = documents(LIGHTHOUSE).rows
    decisions = schema.decisions.conform(rows.select("doc_id", "uri", pl.lit(True).alias("kept")))
    outcome = Outcome(schema.rows.conform(rows), decisions)
    platform.lake.promote(platform.lake.stage("selected", KEY, outcome, basis=0, parts={}))
    platform.run(l3_refined, KEY, language_model=RecordedLanguageModel(answer))
    return platform


def test_facts_carry_their_evidence_verbatim_with_its_place(refined):
    assert refined.run(l4_organized, KEY, language_model=RecordedLanguageModel(answer)).success
    rows = refined.lake.read("organized", KEY).collect()
    assert rows.height > 0
    for row in rows.iter_rows(named=True):
        for evidence in row["evidence"]:
            assert LIGHTHOUSE[evidence["start"] : evidence["end"]] == evidence["text"]
            assert evidence["file"] == "a.warc.gz"
    assert rows["generation"].unique().to_list() == [2]


def test_without_a_promoted_l3_nothing_runs(platform, documents):
    result = platform.run(l4_organized, KEY, language_model=RecordedLanguageModel(answer))
    event = next(event for event in result.all_events if event.is_step_failure)
    assert event.step_failure_data.user_failure_data.description == "organized crawl.1: the tier below is not promoted"
