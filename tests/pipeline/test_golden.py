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
from tests.recorded import RecordedLanguageModel
from tier_assets.digests import content_digest
from tier_assets.inference import silent
from tier_assets.l0_raw.reading import read_landed
from tier_assets.l1_filtered.dedup import NoEarlierDocuments
from tier_assets.l1_filtered.filtering import filter_documents, measure
from tier_assets.l2_selected.selection import select
from tier_assets.l3_refined.refinement import refine
from tier_assets.l4_organized.organizing import organize
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS
from tier_assets.policy import Policy
from tier_assets.tiers import Tier

sys.path.insert(0, str(Path(__file__).parents[1] / "corpus"))
import build

PARTITION = "crawl.2026-08"
POLICY = Policy()

GOLDEN = {
    Tier.RAW: ("1", "3e4973c6107dc66f300c23a3a64fffd24addc7ce54d16798fc4785cf5af2e643"),
    Tier.FILTERED: ("1", "22287931a287721dabdf8d4e579b1673c46c6237445c7902e7e8f0c57a2b2eee"),
    Tier.SELECTED: ("1", "534543c583d9723cc93f70412d1576b5c2e8728a337266b3e2f1f435c4f33c6a"),
    Tier.REFINED: ("1", "90dfac1a350ba12741836b6297ce0b14495b19c4b802d2686062f33f36964ac6"),
    Tier.ORGANIZED: ("1", "ba2d00a1fdb197c7d8d1d1ad527f01a1f960860226ccd7404aaa9783cedfc7b3"),
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
    raw = read_landed([path], partition=PARTITION, policy=POLICY.raw)
    pages = raw.rows.with_columns(partition)
    measured = measure(pages, policy=POLICY.filtered, language_identifier=language_identifier(), report=silent)
    filtered = filter_documents(pages, measured, earlier=NoEarlierDocuments(), policy=POLICY.filtered)
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
