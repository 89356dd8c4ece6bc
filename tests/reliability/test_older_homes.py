"""A home made by an earlier version of Strata: read, planned and promoted into without loss.

`tests/corpus/older_home.tar.xz` was made by commit a237d03: two sources, one partition with a second version in all five
tiers, one that a person promoted at L0 in spite of its gate, one that L1's gate holds, a trained scorer; and a policy that
names every key there was.
"""

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.reliability.commands import answer, strata

ARCHIVE = Path(__file__).parents[1] / "corpus" / "older_home.tar.xz"
TIERS = ("raw", "filtered", "selected", "refined", "organized")
PROMOTED = {
    "raw": [("crawl.2026-08", 2, "promote"), ("crawl.2026-08", 1, "promote"), ("notes.2026-08", 1, "override"),
            ("crawl.2026-34", 1, "promote")],
    "filtered": [("crawl.2026-08", 2, "promote"), ("crawl.2026-08", 1, "promote"), ("notes.2026-08", 1, "promote"),
                 ("crawl.2026-34", None, "held")],
    **{tier: [("crawl.2026-08", 2, "promote"), ("crawl.2026-08", 1, "promote"), ("notes.2026-08", 1, "promote")]
       for tier in ("selected", "refined", "organized")},
}  # fmt: skip
ROWS = {
    ("raw", "crawl.2026-08"): (2, 3, 3), ("filtered", "crawl.2026-08"): (2, 3, 2), ("selected", "crawl.2026-08"): (2, 2, 2),
    ("refined", "crawl.2026-08"): (2, 2, 2), ("organized", "crawl.2026-08"): (2, 2, 2),
    ("raw", "notes.2026-08"): (1, 2, 2), ("filtered", "notes.2026-08"): (1, 2, 2), ("selected", "notes.2026-08"): (1, 2, 2),
    ("refined", "notes.2026-08"): (1, 2, 2), ("organized", "notes.2026-08"): (1, 2, 2),
    ("raw", "crawl.2026-34"): (1, 3, 3), ("filtered", "crawl.2026-34"): (None, 3, 1),
    **{(tier, "crawl.2026-34"): (None, None, None) for tier in ("selected", "refined", "organized")},
}  # fmt: skip
HELD = "volume: surviving_share is 0.333333, allowed >= 0.5; dropped most by min_words 1, no_lines_left 1"
MILL = (
    "The mill at Ellerbeck was built in 1784 for the brothers Tobias and Henry Ashcroft, who had dealt in flax. Its wheel "
    "measured nine metres and drove four pairs of stones through a shaft of oak. In the dry summer of 1826 the wheel stood "
    "still for eleven weeks, and the village bought its flour from Harwick. A steam engine was added in 1851, and the wheel "
    "was taken down when the weir broke in 1893. Today the building holds a small museum that shows the account books of "
    "the Ashcroft family."
)


@pytest.fixture
def unpacked(tmp_path):
    """A folder with the home and `every_key.toml`."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def home(unpacked):
    return unpacked / "home"


def history(home, tier):
    return answer(home, "history", tier)["history"]


def told(entries):
    return [(entry["partition"], entry["version"], entry["kind"]) for entry in entries]


def test_versions_holds_and_their_numbers_are_what_they_were(home):
    assert {tier: told(history(home, tier)) for tier in TIERS} == PROMOTED
    rows = answer(home, "status")["rows"]
    found = {(row["tier"], row["partition"]): (row["version"], row["rows_in"], row["rows_kept"]) for row in rows}
    assert found == ROWS


def test_an_override_and_a_hold_keep_their_reasons(home):
    (override,) = [entry for entry in history(home, "raw") if entry["kind"] == "override"]
    assert (override["actor"], override["reason"]) == ("root", "the line that was added is good")
    (held,) = [entry for entry in history(home, "filtered") if entry["kind"] == "held"]
    assert held["reason"] == HELD


def test_rows_and_decisions_are_read(home):
    rows = answer(home, "read", "filtered", "-p", "crawl.2026-08")["rows"]
    assert sorted(row["uri"] for row in rows) == ["https://crawl.example/mill", "https://crawl.example/salt"]
    assert [row["text"] for row in rows if row["uri"].endswith("mill")] == [MILL]
    decisions = answer(home, "read", "filtered", "-p", "crawl.2026-08", "--decisions")["rows"]
    assert [(row["uri"], row["rule"]) for row in decisions if not row["kept"]] == [
        ("https://crawl.example/short", "min_words")
    ]
    held = answer(home, "read", "filtered", "-p", "crawl.2026-34", "--decisions", "--held")["rows"]
    assert sorted(str(row["rule"]) for row in held) == ["None", "min_words", "no_lines_left"]
    for tier in ("selected", "refined", "organized"):
        assert len(answer(home, "read", tier)["rows"]) == 4
    assert len(answer(home, "read", "raw")["rows"]) == 8


def test_a_fact_is_found_and_a_lost_index_is_made_again(home):
    (fact, *_) = answer(home, "read", "organized", "-p", "notes.2026-08")["rows"]
    word = max(fact["text"].split(), key=len).strip(".,")
    assert fact["fact_id"] in {found["fact_id"] for found in answer(home, "lookup", word)["facts"]}


def test_all_that_is_stale_says_why_and_the_hold_stands_or_is_computed_anew(home):
    plan = answer(home, "materialize", "--plan")["plan"]
    assert [need for need in plan if need["runs"] and not need["why"]] == []
    states = {(need["tier"], need["partition"]): need["state"] for need in plan}
    assert states["filtered", "crawl.2026-34"] == "held"
    assert {state for (_, partition), state in states.items() if partition != "crawl.2026-34"} <= {"current", "stale"}


def test_a_new_text_is_promoted_into_it_and_no_version_is_lost(home):
    page = home.parent / "more.jsonl"
    page.write_text(json.dumps({"url": "https://crawl.example/mill", "text": MILL}) + "\n")
    assert strata(home, "land", "crawl.2026-08", str(page), "--replace").wait() == 0
    before = {tier: history(home, tier) for tier in TIERS}
    command = strata(home, "materialize", "selected", "-p", "crawl.2026-08")
    assert command.wait() == 0, command.said
    for tier in ("raw", "filtered", "selected"):
        now = history(home, tier)
        assert told(now)[0] == ("crawl.2026-08", 3, "promote")
        assert now[1:] == before[tier]
        rows = answer(home, "read", tier, "-p", "crawl.2026-08")["rows"]
        assert [row["uri"] for row in rows] == ["https://crawl.example/mill"]
    assert {tier: history(home, tier) for tier in ("refined", "organized")} == {
        tier: before[tier] for tier in ("refined", "organized")
    }


def test_the_held_candidate_can_be_promoted_by_a_person(home):
    promoted = strata(home, "promote", "filtered", "-p", "crawl.2026-34", "--reason", "a short crawl")
    assert promoted.wait() == 0, promoted.said
    (entry,) = [each for each in history(home, "filtered") if each["partition"] == "crawl.2026-34"]
    assert (entry["version"], entry["kind"], entry["reason"]) == (1, "override", "a short crawl")
    rows = answer(home, "read", "filtered", "-p", "crawl.2026-34")["rows"]
    assert [row["uri"] for row in rows] == ["https://crawl.example/clock"]


def test_every_key_of_its_policy_is_still_one(home, unpacked):
    shutil.copy(unpacked / "every_key.toml", home / "strata.toml")
    values = {value["key"]: value["value"] for value in answer(home, "policy", "notes")["values"]}
    assert values["filtered.quality.min_words"] == 30
    assert values["filtered.by_language.de.min_words"] == 40
    assert values["filtered.min_language_score"] == 0.5
    assert values["audit.min_kept_share"] == 0.5
