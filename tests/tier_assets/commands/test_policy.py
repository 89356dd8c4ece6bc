import json

import pytest

from tier_assets.cli import main
from tier_assets.planning import CONTRACTS
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.policy import Policy

TOML = """\
preset = "dclm"
[filtered]
min_language_score = 0.5
[source.forge]
domain = "code"
"""


@pytest.fixture
def run(tmp_path, capsys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "strata.toml").write_text(TOML)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["policy", *arguments, "--home", str(tmp_path / "home")])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


def lines_of(text):
    return {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines()}


def test_every_value_is_shown_with_where_it_is_from(run):
    status, out, _ = run()
    lines = lines_of(out)
    assert status == 0
    assert out.startswith("policy of all sources, preset dclm\n")
    assert lines["filtered.min_language_score"] == "0.5 0.65 strata.toml [filtered], line 3"
    assert lines["filtered.deduplication.min_jaccard"] == "0.8 0.75 preset dclm"
    assert lines["filtered.quality.max_words"] == "100000 preset dclm"
    assert lines["filtered.repetition.max_top_2gram_char_ratio"].startswith("0.2 default: Gopher, arXiv 2112.11446")


def test_a_source_has_its_domains_values(run):
    _, out, _ = run("forge")
    assert out.startswith("policy of forge (domain code), preset code\n")
    assert lines_of(out)["filtered.rules"].startswith('["code"]')


def test_a_source_that_has_not_landed_is_remarked_on(run):
    status, _, err = run("forg")
    assert (status, err) == (0, "strata: nothing of 'forg' has landed; did you mean 'forge'?\n")


def test_a_section_and_what_changed_can_be_asked_for(run):
    keys = lines_of(run("--section", "filtered.deduplication")[1]).keys() - {"policy", "key"}
    assert {key.rpartition(".")[0] for key in keys} == {"filtered.deduplication"}
    changed = lines_of(run("--section", "filtered.deduplication", "--changed")[1])
    assert changed.keys() == {"policy", "key", "filtered.deduplication.min_jaccard"}
    assert run("--section", "raw", "--changed")[1] == "policy of all sources, preset dclm: every value is the default\n"


def test_a_long_value_is_cut_in_the_table_alone(run):
    assert "…" in run("--section", "filtered")[1]
    values = {each["key"]: each for each in json.loads(run("--json")[1])["values"]}
    assert values["filtered.media_types"]["value"] == list(FilteredPolicy().media_types)


def test_the_json_form_is_one_document(run):
    document = json.loads(run("forge", "--section", "filtered", "--changed", "--json")[1])
    assert (document["source"], document["domain"], document["preset"]) == ("forge", "code", "code")
    score = next(each for each in document["values"] if each["key"] == "filtered.min_language_score")
    assert (score["value"], score["default"], score["line"]) == (0.5, 0.65, 3)
    assert score["from"] == "strata.toml [filtered], line 3"
    assert score["source_of_default"].startswith("FineWeb")


def test_when_an_edit_counts_is_said_of_what_does_not_count_at_once(run):
    assert "an edit of cost counts for what is promoted from now on" in run("--section", "cost")[1]
    assert "counts" not in run("--section", "filtered")[1]
    values = {each["key"]: each["counts"] for each in json.loads(run("--json")[1])["values"]}
    assert values["selected.keep_char_share"] == "from the next `strata train`, once a scorer is promoted"
    assert values["refined.seed"] == "at once: what was made with another value is stale"


def test_every_section_that_no_fingerprint_holds_says_when_an_edit_counts(run):
    policy = Policy()
    read = {name.split(".")[0] for contract in CONTRACTS.values() for name in contract.policy(policy)}
    values = json.loads(run("--json")[1])["values"]
    late = {each["key"].split(".")[0] for each in values if not each["counts"].startswith("at once")}
    assert late == set(Policy.model_fields) - read


def test_the_presets_are_listed_with_their_source(run):
    lines = lines_of(run("--presets")[1])
    assert lines.keys() == {"preset", "code", "dclm", "fineweb", "math"}
    assert "arXiv 2406.11794" in lines["dclm"]
    listed = json.loads(run("--presets", "--json")[1])["presets"]
    assert [each["domains"] for each in listed] == [["code"], [], [], ["math"]]
    assert listed[0]["values"]["filtered"]["rules"] == ["code"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--section", "filtred"], "there is no such section; did you mean 'filtered'?"),
        (["--section", "zzz"], "use one of landing, raw, filtered"),
        (["--presets", "--changed"], "--presets goes alone"),
        (["forge", "--presets"], "--presets goes alone"),
    ],
)
def test_wrong_usage_says_what_there_is(run, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err
