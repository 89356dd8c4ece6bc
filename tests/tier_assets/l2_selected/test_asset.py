import json

import dagster as dg
import pytest

from resources.text_classifier import FastTextTrainer, language_identifier
from tests.recorded import RecordedLanguageModel
from tier_assets.keys import SCORER_KEY
from tier_assets.l0_raw.asset import l0_raw
from tier_assets.l1_filtered.asset import l1_filtered
from tier_assets.l2_selected.asset import l2_selected, quality_scorer
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import LogNarrator
from tier_assets.schemas import SCORERS

LIGHTHOUSE = (
    "The lighthouse of the northern cape was built in 1857 by the engineer Anna Lindqvist, who had studied the currents "
    "of the bay for eleven years. Its lamp burned rapeseed oil at first and was later fed with gas from the town. "
    "Fishermen of the coast paid for a third of the tower, and their names are carved into the lowest ring of granite. "
    "Today the tower is a museum, and the old lens, which weighs four tonnes, stands on the ground floor behind glass. "
    "Visitors come from May to October."
)
POLICY = {"selected": {"keep_char_share": 0.9, "scorer": {"labels": ["labels.jsonl"]}}}


@pytest.fixture
def models():
    return {"classifier_trainer": FastTextTrainer(), "language_model": RecordedLanguageModel({})}


@pytest.fixture
def filtered(platform):
    key = platform.land("crawl.1", LIGHTHOUSE)
    platform.run(l0_raw, key)
    platform.run(l1_filtered, key, language_identifier=language_identifier())
    return key


def write_labels(platform):
    rows = [{"text": f"{LIGHTHOUSE} See also page {number}.", "label": 1} for number in range(25)]
    rows += [{"text": f"buy cheap {number} click here best price {number} now", "label": 0} for number in range(25)]
    (platform.home.root / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_without_labels_all_pass_unscored_with_a_warning(platform, filtered, models):
    result = platform.run(l2_selected, filtered, **models)
    assert result.success
    content = next(check for check in result.get_asset_check_evaluations() if check.check_name == "content")
    assert (content.passed, content.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert platform.lake.read("selected", filtered).collect()["quality_score"].to_list() == [None]


def test_the_first_selection_trains_the_scorer_and_reports_it(platform, filtered, models):
    write_labels(platform)
    assert platform.run(l2_selected, filtered, policy=POLICY, **models).success
    (scorer,) = platform.lake.read(SCORERS, SCORER_KEY).collect().to_dicts()
    (row,) = platform.lake.read("selected", filtered).collect().to_dicts()
    assert row["scorer"] == scorer["sha256"]
    assert row["quality_score"] >= scorer["cut"]
    event = platform.instance.get_latest_materialization_event(dg.AssetKey("quality_scorer"))
    assert event is not None


def test_a_promoted_scorer_is_not_trained_again_by_a_selection(platform, filtered, models):
    write_labels(platform)
    platform.run(l2_selected, filtered, policy=POLICY, **models)
    other = platform.land("crawl.2", LIGHTHOUSE.replace("lighthouse", "harbour").replace("tower", "pier"))
    platform.run(l0_raw, other)
    platform.run(l1_filtered, other, language_identifier=language_identifier())
    platform.run(l2_selected, other, policy=POLICY, **models)
    assert len(platform.lake.versions(SCORERS, SCORER_KEY)) == 1


def test_too_few_labels_hold_the_scorer_and_select_everything(platform, filtered, models):
    (platform.home.root / "labels.jsonl").write_text('{"text": "one", "label": 1}\n')
    assert platform.run(l2_selected, filtered, policy=POLICY, **models).success
    held = platform.lake.held(SCORERS, SCORER_KEY)
    assert "only 1 good and 0 bad examples" in held.summary["notes"][0]
    assert platform.lake.head("selected", filtered).summary["checks"]["warned"] == 1


def test_the_scorer_is_an_asset_of_its_own(platform, filtered, models):
    write_labels(platform)
    given = {"home": platform.home, "lake": platform.lake, **models}
    result = dg.materialize(
        [quality_scorer],
        instance=platform.instance,
        resources={**given, "policies": PolicyBook(POLICY), "narrator": LogNarrator()},
        raise_on_error=False,
    )
    assert result.success
    assert {check.check_name for check in result.get_asset_check_evaluations()} == {
        "completeness", "conservation", "schema", "volume", "distribution",
    }  # fmt: skip
