from tier_assets.commands.overview import overview, overview_table, remarks
from tier_assets.planning import Need
from tier_assets.tiers import Tier

SUMMARY = {
    "rows_in": 1200, "rows_kept": 1000, "dropped": {"quality": 100, "language": 50, "duplicate": 40, "url": 10},
    "tokens": 5000, "tokens_exact": False, "checks": {"passed": 5, "warned": 1, "failed": 0}, "seconds": 2.5,
    "cost": None,
}  # fmt: skip


def test_a_promoted_partition_shows_its_versions_numbers(lake, key, documents):
    staged = lake.stage("filtered", key, documents("a"), basis=0, parts={})
    lake.promote(staged.with_report("staged", SUMMARY, ()))
    (row,) = overview(lake, [Need(Tier.FILTERED, key, "current", False, "", pin=lake.snapshot().pin("filtered", key))])
    assert (row["state"], row["version"], row["rows_in"], row["rows_kept"]) == ("current", 1, 1200, 1000)
    assert row["dropped"] == SUMMARY["dropped"]
    text = overview_table([row])
    assert "quality 100, language 50, duplicate 40, others 10" in text
    assert "~5,000" in text
    assert "5/1/0" in text


FINDING = {"check": "distribution", "metric": "language_shift", "meaning": "languages are the source's",
           "allowed": "<= 0.15", "observed": 0.5, "passed": False, "blocking": False,
           "detail": "en 0.02, baseline 0.52"}  # fmt: skip
WARNED = "distribution: language_shift is 0.5, allowed <= 0.15 (languages are the source's; en 0.02, baseline 0.52)"


def test_what_the_checks_of_a_promoted_version_warned_of_is_named(lake, key, documents):
    staged = lake.stage("filtered", key, documents("a"), basis=0, parts={})
    lake.promote(staged.with_report("staged", SUMMARY, (FINDING, {**FINDING, "passed": True})))
    rows = overview(lake, [Need(Tier.FILTERED, key, "current", False, "", pin=lake.snapshot().pin("filtered", key))])
    assert rows[0]["warned"] == [WARNED]
    assert remarks(rows) == [f"warned: filtered {key}: {WARNED}"]


def test_what_a_person_overrode_is_named(lake, key, documents):
    staged = lake.stage("filtered", key, documents("a"), basis=0, parts={})
    summary = {**SUMMARY, "checks": {"passed": 5, "warned": 0, "failed": 1}}
    lake.promote(staged.with_report("held", summary, ({**FINDING, "blocking": True},)), kind="override")
    rows = overview(lake, [Need(Tier.FILTERED, key, "current", False, "", pin=lake.snapshot().pin("filtered", key))])
    assert remarks(rows) == [f"overridden: filtered {key}: {WARNED}"]


def test_a_held_first_candidate_shows_its_numbers_without_a_version(lake, key, documents):
    staged = lake.stage("filtered", key, documents("a"), basis=0, parts={})
    lake.record(staged.with_report("held", SUMMARY, ()))
    (row,) = overview(lake, [Need(Tier.FILTERED, key, "held", False, "why")])
    assert (row["version"], row["rows_in"]) == (None, 1200)


def test_what_is_unknown_is_a_dash_and_exact_counts_have_no_tilde(lake, key):
    (row,) = overview(lake, [Need(Tier.RAW, key, "landed", True, "new")])
    assert overview_table([row]).splitlines()[1].split()[3:6] == ["-", "-", "-"]
    exact = {**row, "tokens": 42, "tokens_exact": True}
    assert " 42 " in overview_table([exact])
