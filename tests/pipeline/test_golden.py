"""Output of every tier on the sample crawl, as a digest: when it changes, `code_version` in the tier's contract must too.

Without that a release would leave partitions of older code standing as current. To accept a change: raise the version in
`contract.py`, put the digest that the failure prints here.
"""

import json
import sys
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from resources.text_classifier import language_identifier
from tests.parts import measured
from tests.recorded import RecordedLanguageModel
from tier_assets.files.digests import content_digest
from tier_assets.inference import silent
from tier_assets.l0_raw.reading import read_landed
from tier_assets.l1_filtered.filtering import filter_documents
from tier_assets.l1_filtered.measuring import Tools
from tier_assets.l2_selected.selection import select
from tier_assets.l3_refined.refinement import refine
from tier_assets.l4_organized.organizing import organize
from tier_assets.landing.sources import local_source
from tier_assets.outcome import Outcome, joined
from tier_assets.planning import CONTRACTS
from tier_assets.policy import Policy
from tier_assets.tiers import Tier

sys.path.insert(0, str(Path(__file__).parents[1] / "corpus"))
import build

PARTITION = "crawl.2026-08"
POLICY = Policy()

GOLDEN = {
    Tier.RAW: ("2", "430137c4af6708678128368e360f11a70d1284de8115ec90ccf3e29f031095b4"),
    Tier.FILTERED: ("4", "91cabd795bb1535eb64761e79323ac9f0fcff7f04f629c74e0c2ec51f654425a"),
    Tier.SELECTED: ("1", "3a8a564faea02a3f9d3721d5062278563a647272a514120bf311342638cbe648"),
    Tier.REFINED: ("2", "4ed03ef30b7961735beadd264409dc40a4ed2b00b9bda8fb40168f572d31db97"),
    Tier.ORGANIZED: ("1", "f4fba8701ba5f74d1e975f555c6e36316912a6fd6765664157de5336d0e824cc"),
}


def answer(prompt):
    """A question made of the sentence's own words, the text itself for an edit, the first of a choice."""
    schema = prompt.json_schema
    if "anyOf" in schema:
        return json.dumps({key: value["const"] for key, value in schema["anyOf"][0]["properties"].items()})
    text = prompt.messages[-1].content.partition(": ")[2]
    if "question" in schema["properties"]:
        return json.dumps({"question": f"What is known of {' '.join(text.split()[-4:]).strip('.')}?"})
    return json.dumps({"text": text.replace(", and ", "; and ")})


@cache
def outcomes(folder: Path) -> dict[Tier, Outcome]:
    """What every tier makes of the first snapshot, by pure functions alone."""
    path = next(path for path in build.build(folder) if path.name.startswith(PARTITION))
    partition = pl.lit(PARTITION).alias("partition")
    raw = joined(read_landed([local_source(path)], partition=PARTITION, policy=POLICY.raw))
    tools = Tools(language_identifier())
    parts = measured(folder / "parts", raw.rows, policy=POLICY.filtered, tools=tools)
    filtered = joined(filter_documents(parts, earlier=(), policy=POLICY.filtered))
    selected = select(filtered.rows.with_columns(partition))
    documents = selected.rows.with_columns(partition)
    model = RecordedLanguageModel(answer)
    refined = refine(documents, model, policy=POLICY.refined, token_budget=45_000, report=silent)
    organized = organize(
        refined.rows.with_columns(partition),
        documents,
        model,
        policy=POLICY.organized,
        token_budget=45_000,
        report=silent,
    )
    return dict(zip(Tier, (raw, filtered, selected, refined, organized), strict=True))


@pytest.mark.parametrize("tier", Tier)
def test_output_changes_only_with_its_code_version(tier, tmp_path_factory):
    outcome = outcomes(tmp_path_factory.getbasetemp() / "golden")[tier]
    # fastText is built for the machine it runs on: its scores differ in the last digits.
    rows = outcome.rows.drop("language_score", strict=False)
    found = (CONTRACTS[tier].code_version, content_digest(rows))
    assert found == GOLDEN[tier], f"raise code_version of {tier} and write {found[1]!r} here"


@pytest.mark.parametrize("tier", Tier)
def test_every_tier_keeps_and_drops_something(tier, tmp_path_factory):
    outcome = outcomes(tmp_path_factory.getbasetemp() / "golden")[tier]
    assert outcome.rows.height > 0
    assert outcome.decisions.height >= outcome.rows.height
    dropped = outcome.decisions.filter(~pl.col("kept"))
    assert dropped.height == outcome.decisions.height - outcome.rows.height
    assert dropped["drop_reason"].null_count() == 0
