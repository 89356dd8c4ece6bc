from dataclasses import replace

import dagster as dg
import polars as pl
import pytest

from tier_assets.errors import StrataError
from tier_assets.files.processes import Owner
from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.lake.policies import kept_values
from tier_assets.outcome import Outcome
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import LogNarrator
from tier_assets.promotion.assets import tier_asset
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.promotion.step import OWNER_TAG, TOKEN_BUDGET_TAG, TierStep, tagged_owner
from tier_assets.schemas import TABLES
from tier_assets.tiers import Tier

PARTITION = PartitionKey.parse("crawl.2026-08")
MODELS = {"language_identifier": lambda: "lid"}


class Rig:
    """A tier asset whose computation the test gives, on a real instance and a real lake."""

    def __init__(self, lake, key, instance):
        self.lake, self.key, self.instance = lake, key, instance
        self.instance.add_dynamic_partitions("snapshots", [str(key)])
        self.contract = CONTRACT
        self.computed = 0
        self.inputs = None
        self.promote_below([])

    def promote_below(self, ids):
        """Raw documents of these ids, promoted if they are others than before."""
        if ids != self.inputs:
            raw = TABLES["raw"]
            rows = raw.rows.conform(pl.DataFrame({"doc_id": pl.Series(ids, dtype=pl.String)}))
            basis = self.lake.basis("raw", self.key)
            outcome = Outcome(rows, raw.decisions.polars.to_frame())
            self.lake.promote(self.lake.stage("raw", self.key, outcome, basis=basis, parts={"x": str(basis)}))
        self.inputs = ids

    def run(self, outcome, before=lambda: None, below=None, more=()):
        """Run the asset; below it lie the documents that the outcome decides on, unless others are given."""
        contract, rig = self.contract, self
        if below is not None or (isinstance(outcome, Outcome) and self.key == PARTITION):
            self.promote_below(outcome.decisions["doc_id"].to_list() if below is None else below)

        @tier_asset(Tier.FILTERED, contract, pool="cpu", kinds={"polars"}, deps=["l0_raw"])
        def l1_filtered(context: dg.AssetExecutionContext):
            step = TierStep.open(context, rig.lake, PolicyBook(), LogNarrator(), contract, models=MODELS)

            def compute(report):
                rig.computed += 1
                before()
                return outcome() if callable(outcome) else outcome

            yield from step.promote(compute)

        return dg.materialize(
            [dg.AssetSpec("l0_raw"), l1_filtered, *more],
            instance=self.instance,
            partition_key=str(self.key),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def rig(lake, key, instance):
    return Rig(lake, key, instance)


def failure(result):
    return next(event.step_failure_data for event in result.all_events if event.is_step_failure)


def why(result):
    return failure(result).user_failure_data.description


def test_a_sound_partition_is_promoted_and_materialized_with_its_checks(rig, documents):
    result = rig.run(documents("a", "b", dropped=1))
    assert result.success
    event = result.get_asset_materialization_events()[0].materialization
    assert event.tags["dagster/data_version"] == rig.lake.head("filtered", rig.key).fingerprint
    assert event.metadata["strata/summary"].value == "kept 2 of 3 (66.7%)"
    assert event.metadata["dagster/partition_row_count"].value == 2
    checks = result.get_asset_check_evaluations()
    assert {check.check_name for check in checks} == set(CONTRACT.checks)
    assert {check.partition for check in checks} == {str(rig.key)}


def test_a_broken_promise_holds_the_partition(rig, documents):
    bad = documents("same", "same")
    result = rig.run(bad)
    assert not result.success
    assert result.get_asset_materialization_events() == []
    assert "filtered crawl.2026-08 is held: content: repeated_texts is 1, allowed = 0" in why(result)
    assert 'strata promote filtered -p crawl.2026-08 --reason "..."' in why(result)
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed and check.blocking]
    content = next(check for check in failed if check.check_name == "content")
    assert content.severity == dg.AssetCheckSeverity.ERROR
    assert "repeated_texts is 1" in content.metadata["why"].value
    assert rig.lake.head("filtered", rig.key) is None
    assert rig.lake.held("filtered", rig.key) is not None


def test_the_tiers_above_a_held_partition_say_what_blocks_them_and_are_not_asked_for(rig, documents):
    rig.run(documents("same", "same"))
    for asset in ("l2_selected", "l3_refined", "l4_organized"):
        (seen,) = rig.instance.fetch_observations(dg.AssetKey(asset), limit=10).records
        told = seen.event_log_entry.asset_observation
        assert told.partition == str(rig.key)
        assert told.description.startswith("blocked: filtered crawl.2026-08 is held: content: repeated_texts is 1")
    assert rig.instance.get_materialized_partitions(dg.AssetKey("l2_selected")) == set()


def test_no_document_text_is_in_the_report_of_a_held_partition(rig, documents):
    rig.run(documents("a very confidential sentence", "a very confidential sentence"))
    manifest = next(rig.lake.root.rglob("_candidates/**/*.json")).read_text()
    held = [path.read_text() for path in rig.lake.root.rglob("_candidates/**/*.json")]
    assert manifest
    assert not any("confidential" in text for text in held)


def test_a_held_fingerprint_is_not_computed_again(rig, documents):
    rig.run(documents("same", "same"))
    again = rig.run(documents("same", "same"))
    assert rig.computed == 1
    assert not again.success
    assert "is held" in why(again)


def test_while_a_new_version_is_held_the_old_one_serves(rig, documents):
    rig.run(documents("good"))
    rig.contract = replace(CONTRACT, code_version="other")
    assert not rig.run(documents("same", "same")).success
    assert rig.lake.read("filtered", rig.key).collect()["text"].to_list() == ["good"]


def test_an_unchanged_fingerprint_computes_nothing_and_is_reported_again(rig, documents):
    rig.run(documents("a"))
    again = rig.run(documents("a"))
    assert (again.success, rig.computed) == (True, 1)
    event = again.get_asset_materialization_events()[0].materialization
    assert event.metadata["strata/why_ran"].value == "unchanged: nothing was computed"
    assert len(rig.lake.versions("filtered", rig.key)) == 1


def test_a_version_names_all_values_of_the_policy_that_it_was_made_with(rig, documents):
    rig.run(documents("a"))
    kept = kept_values(
        rig.lake.folder("filtered", rig.key.source), rig.lake.head("filtered", rig.key).summary["policy"]
    )
    assert kept == {name: value for name, (value, _) in CONTRACT.policy_values(PolicyBook().default).items()}


def test_the_values_are_kept_before_anything_is_staged(rig, documents):
    folder = rig.lake.folder("filtered", rig.key.source)
    found = []

    def pieces():
        found.extend(folder.glob("_policies/*.json"))
        yield documents("a")

    assert rig.run(pieces, below=documents("a").decisions["doc_id"].to_list()).success
    assert len(found) == 1


def test_a_changed_code_version_says_so(rig, documents):
    rig.run(documents("a"))
    rig.contract = replace(CONTRACT, code_version="other")
    event = rig.run(documents("b")).get_asset_materialization_events()[0].materialization
    assert event.metadata["strata/why_ran"].value == f"code {CONTRACT.code_version} -> other"


def test_the_loser_of_a_race_says_so(rig, documents):
    def another_run_promotes():
        staged = rig.lake.stage("filtered", rig.key, documents("theirs"), basis=0, parts={"code": "other"})
        rig.lake.promote(staged)

    result = rig.run(documents("mine"), before=another_run_promotes)
    assert not result.success
    assert "lost the race, another run promoted version 1" in why(result)
    assert rig.lake.read("filtered", rig.key).collect()["text"].to_list() == ["theirs"]


def test_the_loser_is_content_if_the_winner_made_the_same(rig, documents):
    nested = []

    def another_run_makes_the_same():
        if not nested:
            nested.append(rig.run(documents("a")))

    result = rig.run(documents("a"), before=another_run_makes_the_same)
    assert result.success
    assert len(rig.lake.versions("filtered", rig.key)) == 1
    event = result.get_asset_materialization_events()[0].materialization
    assert event.metadata["strata/why_ran"].value == "promoted by another run at the same time"


def test_an_error_for_the_user_fails_the_step_in_one_line_and_shows_as_failed(rig):
    def broken():
        raise StrataError("the labels are not there: put them there")

    result = rig.run(broken)
    assert why(result) == "the labels are not there: put them there"
    attempt = rig.lake.attempts("filtered", rig.key).read()
    assert (attempt.state, attempt.message) == ("failed", "the labels are not there: put them there")


def test_a_bug_crashes_and_shows_as_failed(rig):
    def bug():
        raise ZeroDivisionError("oh")

    result = rig.run(bug)
    assert "ZeroDivisionError" in str(failure(result).error)
    assert rig.lake.attempts("filtered", rig.key).read().state == "failed"


def test_without_a_promoted_parent_nothing_runs(rig, documents):
    rig.key = PartitionKey.parse("crawl.2")
    rig.instance.add_dynamic_partitions("snapshots", ["crawl.2"])
    result = rig.run(documents("a"))
    assert why(result) == "filtered crawl.2: the tier below is not promoted"
    assert rig.computed == 0


def test_a_hostile_partition_key_is_refused_by_the_asset(rig, documents):
    rig.instance.add_dynamic_partitions("snapshots", ["../../evil"])
    rig.key = "../../evil"
    assert "is no partition key" in why(rig.run(documents("a")))


def test_an_empty_tier_is_promoted_with_a_share_of_nothing(rig, documents):
    result = rig.run(documents())
    assert result.success
    assert (
        result.get_asset_materialization_events()[0].materialization.metadata["strata/summary"].value == "kept 0 of 0"
    )


def test_the_budget_tag_is_this():
    # The CLI and the schedules write it: renaming it silently lifts the budget.
    assert TOKEN_BUDGET_TAG == "strata/token_budget"


def test_a_run_says_which_process_works_on_it_so_that_a_dead_one_can_be_ended(rig, documents):
    result = rig.run(documents("a"))
    tags = rig.instance.get_run_by_id(result.run_id).tags
    owner = rig.lake.leases.owner()
    assert tags[OWNER_TAG] == f"{owner.boot}:{owner.pid}:{owner.started}:{owner.namespace}:{owner.lease}"
    assert tagged_owner(tags[OWNER_TAG]) == owner


@pytest.mark.parametrize(
    ("tag", "owner"),
    [("b:7:9", Owner("b", 7, "9")), ("b:7:9:4:", Owner("b", 7, "9", "4")), ("no owner", None), ("", None)],
    ids=["of an older version", "without a lease", "unreadable", "none"],
)
def test_a_tag_names_its_process_as_far_as_it_knows_it(tag, owner):
    assert tagged_owner(tag) == owner


def test_a_promoted_partition_whose_file_is_gone_is_computed_again(rig, documents):
    rig.run(documents("a"))
    next((rig.lake.folder("filtered", "crawl") / f"partition={rig.key}").glob("*.parquet")).unlink()
    result = rig.run(documents("a"))
    assert rig.computed == 2
    assert rig.lake.head("filtered", rig.key).number == 2
    metadata = result.get_asset_materialization_events()[0].materialization.metadata
    assert "is gone: `strata materialize" in metadata["strata/why_ran"].value


def test_a_promotion_that_the_log_lost_is_made_again_without_computing(rig, documents):
    rig.run(documents("a"))
    made = rig.lake.head("filtered", rig.key)
    newest = sorted((rig.lake.folder("filtered", "crawl") / "_delta_log").glob("*.json"))[-1]
    newest.rename(newest.with_suffix(".away"))
    assert rig.run(documents("a")).success
    assert rig.computed == 1
    assert rig.lake.head("filtered", rig.key).candidate == made.candidate


def test_a_step_that_forgets_an_input_is_held(rig, documents):
    whole = documents("a", "b")
    forgetful = Outcome(whole.rows[:1], whole.decisions[:1])
    result = rig.run(forgetful, below=whole.decisions["doc_id"].to_list())
    assert "conservation: inputs_undecided is 1, allowed = 0" in why(result)


def test_a_step_that_decides_on_what_was_never_promoted_below_is_held(rig, documents):
    result = rig.run(documents("a", "b"), below=[f"{0:032x}"])
    assert "conservation: decisions_without_input is 1, allowed = 0" in why(result)


def test_nothing_of_a_handful_is_held_saying_how_to_allow_it(rig, documents):
    result = rig.run(documents(dropped=3))
    assert "volume: kept_of_tried is 0, allowed >= 1 (nothing of 3 inputs; if that is right, allow it by" in why(result)
    assert "audit.allow_empty" in why(result)


def test_a_fall_to_nothing_keeps_the_promoted_version(rig, documents):
    rig.run(documents("a", "b", dropped=1))
    rig.contract = replace(CONTRACT, code_version="other")
    result = rig.run(documents(dropped=3))
    assert "volume: kept_of_promoted is 0, allowed >= 1 (version 1 kept 2; " in why(result)
    assert rig.lake.head("filtered", rig.key).number == 1


def test_a_snapshot_captured_again_unchanged_is_promoted_without_a_row(rig, documents):
    again = documents(dropped=3)
    decisions = again.decisions.with_columns(drop_reason=pl.lit("duplicate"), rule=pl.lit("exact_duplicate"))
    assert rig.run(Outcome(again.rows, decisions)).success


def test_a_promotion_by_override_that_the_log_lost_stays_one(rig, documents):
    rig.run(documents("same", "same"))
    rig.lake.promote(rig.lake.held("filtered", rig.key), kind="override", actor="ada", reason="looked at it")
    newest = sorted((rig.lake.folder("filtered", "crawl") / "_delta_log").glob("*.json"))[-1]
    newest.rename(newest.with_suffix(".away"))
    assert rig.run(documents("same", "same")).success
    assert rig.lake.head("filtered", rig.key).kind == "override"


def test_an_overridden_version_fails_no_run_that_includes_it(rig, documents):
    rig.run(documents("same", "same"))
    rig.lake.promote(rig.lake.held("filtered", rig.key), kind="override", actor="ada", reason="looked at it")
    result = rig.run(documents("same", "same"))
    assert result.success
    [content] = [check for check in result.get_asset_check_evaluations() if check.check_name == "content"]
    assert (content.passed, content.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert content.metadata["override"].value.startswith("content failed, overridden by ada on ")
    assert content.metadata["override"].value.endswith(": looked at it")


def test_the_tier_above_an_overridden_one_is_made_in_the_same_run(rig, documents):
    rig.run(documents("same", "same"))
    rig.lake.promote(rig.lake.held("filtered", rig.key), kind="override", actor="ada", reason="looked at it")
    ran = []

    @dg.asset(deps=["l1_filtered"], partitions_def=PARTITIONS)
    def above():
        ran.append(1)

    assert rig.run(documents("same", "same"), more=[above]).success
    assert ran == [1]
