from dataclasses import replace

import pytest

from tier_assets.keys import SCORER_KEY
from tier_assets.l2_selected.contract import SCORER_CONTRACT
from tier_assets.lake.policies import keep_values
from tier_assets.lake.versions import Version
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS
from tier_assets.policy import Policy
from tier_assets.schemas import SCORERS, TABLES
from tier_assets.staleness import budget_ended, difference, frozen_changes, hold_line
from tier_assets.tiers import Tier

OLD, NEW = {"policy": "a" * 64}, {"policy": "b" * 64}


def empty(table):
    schema = TABLES[table]
    return Outcome(schema.rows.polars.to_frame(), schema.decisions.polars.to_frame())


@pytest.fixture
def changes(lake):
    """A function that says what changed since a version was made: parts then and now, values then, the policy now."""

    def changes(old, new, values=None, **filtered):
        summary = {} if values is None else {"policy": values}
        before = Version("filtered", "crawl.1", 1, 1, "", "", old, "", "", summary, "promote", "", "", "", "")
        policy = Policy.model_validate({"filtered": filtered})
        return difference(before, new, CONTRACTS[Tier.FILTERED], policy, lake)

    return changes


def values_of(**filtered):
    """The values that a version is made with."""
    policy = Policy.model_validate({"filtered": filtered})
    return {key: value for key, (value, _) in CONTRACTS[Tier.FILTERED].policy_values(policy).items()}


def test_a_difference_shows_versions_and_names_digests(changes):
    old = {"library polars": "2.1", "policy": "a" * 64, "code": "1"}
    new = {"library polars": "2.2", "policy": "b" * 64, "code": "1"}
    assert changes(old, new) == "library polars 2.1 -> 2.2, policy changed"


def test_values_of_the_policy_are_shown_as_they_were_and_are(changes, lake):
    made = values_of(quality={"min_words": 30}, by_language={"de": {"min_words": 9}})
    digest = keep_values(lake.folder("filtered", "crawl"), made)
    assert changes(OLD, NEW, digest, quality={"min_words": 40}, languages=["en"]) == (
        'filtered.languages [] -> ["en"], filtered.quality.min_words 30 -> 40, filtered.by_language.de.min_words 9 -> none'
    )


def test_a_default_that_changed_with_a_release_is_shown(changes, lake):
    made = values_of() | {"filtered.quality.min_words": 20, "filtered.given_up": True}
    del made["filtered.quality.max_words"]
    digest = keep_values(lake.folder("filtered", "crawl"), made)
    assert changes(OLD, NEW, digest) == (
        "filtered.quality.min_words 20 -> 50, filtered.quality.max_words none -> 100000, filtered.given_up true -> none"
    )


def test_values_whose_file_is_damaged_only_name_the_policy(changes, lake):
    digest = keep_values(lake.folder("filtered", "crawl"), values_of())
    (lake.folder("filtered", "crawl") / "_policies" / f"{digest}.json").write_text("{}")
    assert changes(OLD, NEW, digest, quality={"min_words": 30}) == "policy changed"


def test_versions_that_hold_only_what_was_no_default_are_compared_with_the_defaults(changes):
    assert changes(OLD, NEW, {}, quality={"min_words": 30}) == "filtered.quality.min_words 50 -> 30"
    old = {"filtered.quality.min_words": 30, "filtered.by_language.de.min_words": 9}
    assert changes(OLD, NEW, old, languages=["en"]) == (
        'filtered.languages [] -> ["en"], filtered.quality.min_words 30 -> 50, filtered.by_language.de.min_words 9 -> none'
    )


def test_of_many_or_long_values_only_some_are_shown(changes):
    many = dict.fromkeys(("min_words", "max_words", "min_mean_word_length", "max_mean_word_length"), 99)
    shown = changes(OLD, NEW, {}, quality=many, urls={"hard_words": ["x"]}, min_language_score=0.1, max_page_seconds=3)
    assert shown.endswith("2 more values of the policy")
    assert changes(OLD, NEW, {}, urls={"hard_words": ["x"]}) == "filtered.urls.hard_words changed"


def test_where_the_earlier_values_say_nothing_the_policy_is_named(changes):
    assert changes(OLD, NEW, {}) == "policy changed"


SCORER = CONTRACTS[Tier.SELECTED].guide


def train(lake, policy):
    """Promote a scorer of a policy, as the step does."""
    values = {key: value for key, (value, _) in SCORER_CONTRACT.policy_values(policy).items()}
    kept = keep_values(lake.folder(SCORERS, SCORER_KEY.source), values)
    parts = {"policy": SCORER_CONTRACT.policy_digest(policy)}
    staged = lake.stage(SCORERS, SCORER_KEY, empty(SCORERS), basis=0, parts=parts)
    lake.promote(staged.with_report("staged", {"policy": kept}, ()))


def selected(keep_char_share, **scorer):
    return Policy.model_validate({"selected": {"keep_char_share": keep_char_share, "scorer": scorer}})


def test_a_value_that_the_promoted_scorer_does_not_follow_names_the_command_that_applies_it(lake):
    train(lake, selected(0.8))
    assert list(frozen_changes(SCORER, lake, selected(0.7))) == [
        "selected.keep_char_share 0.8 -> 0.7: counts from the next `strata train`, the promoted scorer keeps its own"
    ]
    assert list(frozen_changes(SCORER, lake, selected(0.8, epochs=9, anchors=("wiki",)))) == [
        'selected.scorer.anchors [] -> ["wiki"]: counts from the next `strata train`, the promoted scorer keeps its own',
        "selected.scorer.epochs 5 -> 9: counts from the next `strata train`, the promoted scorer keeps its own",
    ]


def test_values_that_the_scorer_was_trained_by_and_those_without_a_scorer_are_no_news(lake):
    assert list(frozen_changes(SCORER, lake, selected(0.7))) == []
    train(lake, selected(0.8))
    assert list(frozen_changes(SCORER, lake, selected(0.8))) == []


def test_a_scorer_whose_values_are_not_known_is_remarked_on_too(lake):
    lake.promote(lake.stage(SCORERS, SCORER_KEY, empty(SCORERS), basis=0, parts={"policy": "a" * 64}))
    assert list(frozen_changes(SCORER, lake, selected(0.8))) == [
        "selected changed: counts from the next `strata train`, the promoted scorer keeps its own"
    ]


def test_a_held_line_names_the_rules_that_dropped_most_and_how_to_see_them(lake, key):
    staged = lake.stage("raw", key, empty("raw"), basis=0, parts={})
    rules = {"a": 1, "min_words": 1250, "language": 40, "b": 2}
    held = staged.with_report("held", {"dropped": {"quality": 1293}, "dropped_by_rule": rules, "notes": ["x"]}, ())
    assert hold_line(held) == (
        "dropped most by min_words 1,250, language 40, b 2; x; see `strata read raw -p crawl.2026-08 --decisions --held`"
    )


def test_a_version_that_a_spent_budget_cut_short_goes_on_with_a_new_one(lake, key):
    head = lake.promote(lake.stage(Tier.REFINED, key, empty(Tier.REFINED), basis=0, parts={}))
    cut = replace(head, summary={**head.summary, "cut_by_budget": 3, "token_budget": 10})
    assert budget_ended(cut.summary, 45_000) == "its token budget of 10 ended before 3 inputs"
    assert budget_ended(cut.summary, 10) == ""
    assert budget_ended(head.summary, 45_000) == ""
