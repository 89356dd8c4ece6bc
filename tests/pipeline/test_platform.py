"""From a landed page to a looked-up fact through the command, with the embedded language model."""

import json

import pytest

from tier_assets.cli import main
from tier_assets.home import Home
from tier_assets.lake.lake import Lake
from tier_assets.tiers import Tier

PAGES = {
    "https://example.org/brunel": (
        "Isambard Kingdom Brunel was born in Portsmouth in 1806 and became the best known engineer of his time. "
        "The Great Western Railway was opened in 1841 between London and Bristol. "
        "Marc Brunel built the Thames Tunnel with a shield that he had patented in 1818. "
        "The Clifton Suspension Bridge crosses the gorge of the Avon at a height of 75 metres. "
        "The Great Britain was launched in 1843 and carried passengers to New York and to Melbourne."
    ),
    "https://example.org/yeast": (
        "Louis Pasteur showed in 1857 that yeast is alive and that fermentation is its work. "
        "The bakers of Paris bought their yeast from the brewers of the city until 1870. "
        "Emil Hansen isolated a single cell of yeast in Copenhagen in 1883 and grew a pure culture from it. "
        "A gram of fresh yeast contains about ten billion cells, and each of them may bud every two hours. "
        "The dough of a sourdough loaf holds bacteria as well, and they give the bread its sour taste."
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with one partition materialized through all five tiers."""
    folder = tmp_path_factory.mktemp("platform")
    path = folder / "pages.jsonl"
    path.write_text("".join(json.dumps({"url": url, "text": text}) + "\n" for url, text in PAGES.items()))
    home = Home(folder / "home")
    assert strata(home, "land", "crawl.2026-08", path) == 0
    assert strata(home, "materialize") == 0
    return home


def strata(home, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home.root), *map(str, arguments)])
    return ended.value.code


@pytest.fixture
def ask(home, capsys):
    def ask(*arguments):
        assert strata(home, "--json", *arguments) == 0
        return json.loads(capsys.readouterr().out)

    return ask


@pytest.mark.model
def test_every_tier_is_current_with_inputs_equal_to_kept_and_dropped(ask):
    rows = ask("status")["rows"]
    assert [row["tier"] for row in rows] == list(Tier)
    assert {row["state"] for row in rows} == {"current"}
    for row in rows:
        assert row["rows_in"] == row["rows_kept"] + sum(row["dropped"].values())
        assert row["checks"]["failed"] == 0


@pytest.mark.model
def test_the_second_materialize_computes_nothing(ask, home):
    lake = Lake(home.lake)
    before = {tier: lake.heads(tier, "crawl") for tier in Tier}
    ask("materialize")
    assert {tier: lake.heads(tier, "crawl") for tier in Tier} == before
    assert all(not row["runs"] for row in ask("materialize", "--plan")["plan"])


@pytest.mark.model
def test_refined_rows_are_grounded_in_the_span_they_name(ask):
    rows = ask("read", "refined")["rows"]
    assert rows
    texts = {row["doc_id"]: row["text"] for row in ask("read", "selected")["rows"]}
    for row in rows:
        (parent,) = row["parent_ids"]
        source = texts[parent][row["evidence_start"] : row["evidence_end"]]
        assert row["finish_reason"] == "stop"
        assert row["model"].startswith("SmolLM2")
        assert row["answer"] is None or row["answer"] in source


@pytest.mark.model
def test_a_fact_leads_back_to_the_line_it_came_from(ask):
    facts = ask("read", "organized")["rows"]
    assert facts
    word = max(facts[0]["text"].split(), key=len).strip(".,")
    found = ask("lookup", word)["facts"]
    assert facts[0]["fact_id"] in {fact["fact_id"] for fact in found}
    raw = {row["doc_id"]: row for row in ask("read", "raw")["rows"]}
    for fact in found:
        for evidence in fact["evidence"]:
            assert set(evidence) >= {"text", "doc_id", "uri", "partition", "file", "offset"}
            assert evidence["text"] in PAGES[evidence["uri"]]
            origin = raw[evidence["doc_id"]]
            assert (origin["file"], origin["offset"]) == (evidence["file"], evidence["offset"])


@pytest.mark.model
def test_words_that_look_like_operators_have_no_meaning(ask):
    for query in ('"', "AND", "NEAR(x", "*", "text:x", "-", "no such words at all"):
        assert isinstance(ask("lookup", "--", query)["facts"], list)
