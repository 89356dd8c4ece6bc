from dataclasses import replace

from tier_assets.lake.versions import Version
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS
from tier_assets.policy import Policy
from tier_assets.schemas import TABLES
from tier_assets.staleness import budget_ended, difference, hold_line
from tier_assets.tiers import Tier

OLD, NEW = {"policy": "a" * 64}, {"policy": "b" * 64}


def empty(table):
    schema = TABLES[table]
    return Outcome(schema.rows.polars.to_frame(), schema.decisions.polars.to_frame())


def test_a_difference_shows_versions_and_names_digests():
    old = {"library polars": "2.1", "policy": "a" * 64, "code": "1"}
    new = {"library polars": "2.2", "policy": "b" * 64, "code": "1"}
    assert changes(old, new) == "library polars 2.1 -> 2.2, policy changed"


def changes(old, new, values=None, **filtered):
    summary = {} if values is None else {"policy": values}
    before = Version("filtered", "crawl.1", 1, 1, "", "", old, "", "", summary, "promote", "", "", "", "")
    policy = Policy.model_validate({"filtered": filtered})
    return difference(before, new, CONTRACTS[Tier.FILTERED], policy)


def test_values_of_the_policy_are_shown_as_they_were_and_are():
    assert changes(OLD, NEW, {}, quality={"min_words": 30}) == "filtered.quality.min_words 50 -> 30"
    old = {"filtered.quality.min_words": 30, "filtered.by_language.de.min_words": 9}
    assert changes(OLD, NEW, old, languages=["en"]) == (
        'filtered.languages [] -> ["en"], filtered.quality.min_words 30 -> 50, filtered.by_language.de.min_words 9 -> none'
    )


def test_of_many_or_long_values_only_some_are_shown():
    many = dict.fromkeys(("min_words", "max_words", "min_mean_word_length", "max_mean_word_length"), 99)
    shown = changes(OLD, NEW, {}, quality=many, urls={"hard_words": ["x"]}, min_language_score=0.1, max_page_seconds=3)
    assert shown.endswith("2 more values of the policy")
    assert changes(OLD, NEW, {}, urls={"hard_words": ["x"]}) == "filtered.urls.hard_words changed"


def test_where_the_earlier_values_say_nothing_the_policy_is_named():
    assert changes(OLD, NEW, {}) == "policy changed"


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
    assert budget_ended(cut, 45_000) == "its token budget of 10 ended before 3 inputs"
    assert budget_ended(cut, 10) == ""
    assert budget_ended(head, 45_000) == ""
