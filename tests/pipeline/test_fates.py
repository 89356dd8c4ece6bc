"""The sample crawl, taken to L2 by the `strata` command: every page ends where `fates.csv` says, by the rule it says."""

import csv
import importlib.util
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tier_assets.cli import main
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.rules import rules
from tier_assets.lake.lake import Lake
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.tiers import Tier

CORPUS = Path(__file__).parents[1] / "corpus"
CRAWL = ("crawl.2026-08", "crawl.2026-34", "crawl.2026-45")
LATER = "crawl.2026-45"
# Why is said in tests/corpus/README.md.
WITHOUT_A_PAGE = {"max_words", "max_duplicate_paragraph_char_ratio"}

with (CORPUS / "fates.csv").open(encoding="utf-8", newline="") as _lines:
    FATES = list(csv.DictReader(_lines))


def script(name):
    """A module beside the pages, which are no package."""
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", CORPUS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def strata(home, *arguments):
    """Run a command on the home; returns its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home), *map(str, arguments)])
    return ended.value.code


def partition_of(path):
    return path.name.split(".warc")[0].split(".jsonl")[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with the demo's policy, the sample promoted up to L2; the later snapshot landed and promoted after the rest."""
    root = tmp_path_factory.mktemp("fates")
    folder = root / "home"
    folder.mkdir()
    for name in ("strata.toml", "labels.jsonl"):
        shutil.copy(CORPUS / name, folder / name)
    files = [*script("build").build(root / "files"), *script("pydoc_pages").build(root / "files")]
    for path in files:
        if partition_of(path) != LATER:
            assert strata(folder, "land", partition_of(path), path) == 0
    assert strata(folder, "materialize", "selected") == 0
    before = versions(folder)
    later = next(path for path in files if partition_of(path) == LATER)
    assert strata(folder, "land", LATER, later) == 0
    assert strata(folder, "materialize", "selected") == 0
    (folder / "before.json").write_text(json.dumps(before))
    return folder


def versions(folder):
    """Version and run of each promoted partition, by tier and partition."""
    lake = Lake(Home(folder).lake)
    return {
        f"{tier}/{name}": [version.number, version.run_id]
        for tier in (Tier.RAW, Tier.FILTERED, Tier.SELECTED)
        for source in lake.sources(tier)
        for name, version in lake.heads(tier, source).items()
    }


@pytest.fixture(scope="module")
def reached(home):
    """(uri, partition) to (highest tier that holds it, drop_reason, rule) as the lake's decisions have it."""
    lake = Lake(Home(home).lake)
    found = {}
    for name in CRAWL:
        for below, tier in (("landed", Tier.RAW), ("raw", Tier.FILTERED), ("filtered", Tier.SELECTED)):
            decisions = lake.decisions(tier, PartitionKey.parse(name)).select("uri", "kept", "drop_reason", "rule")
            for uri, kept, reason, rule in decisions.collect().iter_rows():
                found[uri, name] = ("selected", "", "") if kept else (below, reason, rule)
    return found


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: f"{fate['partition']} {fate['uri']}")
def test_a_page_ends_where_its_fate_says(reached, fate):
    tier, reason, rule = reached[fate["uri"], fate["partition"]]
    if fate["reaches"] == "filtered+":
        assert tier in ("filtered", "selected")
    elif fate["reaches"] == "selected+":
        assert tier == "selected"
    else:
        assert (tier, reason, rule) == (fate["reaches"], fate["drop_reason"], fate["rule"])


def test_every_page_has_one_fate(reached):
    assert sorted(reached) == sorted((fate["uri"], fate["partition"]) for fate in FATES)


def test_every_rule_of_l1_is_shown_by_a_page():
    shown = {fate["rule"] for fate in FATES}
    assert {rule.name for rule in rules(FilteredPolicy())} - shown == WITHOUT_A_PAGE
    assert shown >= {"min_language_score", "exact_duplicate", "near_duplicate", "media_type", "http_status", "no_text"}


def test_of_a_later_snapshot_only_what_is_new_is_computed(home):
    before = json.loads((home / "before.json").read_text())
    after = versions(home)
    assert {name: after[name] for name in before} == before
    assert sorted(set(after) - set(before)) == [f"{tier}/{LATER}" for tier in ("filtered", "raw", "selected")]


def test_a_scorer_has_learnt_from_anchors_and_labels(home):
    selected = Lake(Home(home).lake).read(Tier.SELECTED, PartitionKey.parse("crawl.2026-08")).collect()
    assert selected["quality_score"].null_count() == 0
    assert selected["scorer"].n_unique() == 1


def test_the_sample_is_packed_to_the_same_bytes_each_time(tmp_path):
    for name in ("build", "pydoc_pages"):
        once, again = (script(name).build(tmp_path / folder) for folder in ("once", "again"))
        assert [path.name for path in once] == [path.name for path in again]
        assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_most_reference_pages_pass_l1(home):
    lake = Lake(Home(home).lake)
    (key,) = [key for key in lake.partitions(Tier.FILTERED) if key.source == "pydoc"]
    decisions = lake.decisions(Tier.FILTERED, key).collect()
    assert decisions["kept"].mean() > 0.7


def test_reference_pages_tell_nothing_of_the_machine():
    pages = dict(script("pydoc_pages").pages())
    assert len(pages) > 50
    text = "\n".join(pages.values())
    assert str(Path.home()) not in text
    assert " at 0x" not in text
    assert pl.Series(list(pages.values())).str.len_chars().min() > 200
