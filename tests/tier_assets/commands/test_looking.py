import json

import pytest

from tier_assets.cli import main
from tier_assets.home import Home
from tier_assets.lake.lake import Lake


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def run(home, capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--home", str(home.root)])
        out, err = capsys.readouterr()
        assert ended.value.code == 0
        return out, err

    return run


@pytest.fixture
def promoted(home, key, documents):
    lake = Lake(home.lake)
    staged = lake.stage("filtered", key, documents("ä text", "b", dropped=1), basis=0, parts={"code": "1"})
    lake.promote(staged.with_report("staged", {"rows_in": 3, "rows_kept": 2}, ()))
    return lake


def test_status_remarks_on_tables_of_the_policy_that_touch_nothing(run, home, promoted):
    home.policy.write_text("[source.craw.filtered]\nmin_language_score = 0.1\n")
    assert run("status", "--json")[1] == ""
    home.landing.joinpath("crawl", "2026-08").mkdir(parents=True)
    home.landing.joinpath("crawl", "2026-08", "a.jsonl").write_text('{"text": "x"}\n')
    out, err = run("status", "--json")
    assert json.loads(out)["rows"]
    assert "line 1: source.craw: nothing of this source has landed; did you mean 'crawl'?" in err
    assert len(err.splitlines()) == 1


def test_history_tells_versions_and_held_candidates(run, promoted, key, documents):
    staged = promoted.stage("filtered", key, documents("x", "x"), basis=1, parts={"code": "2"})
    finding = {"check": "content", "metric": "repeated_texts", "meaning": "m", "allowed": "= 0", "observed": 1.0,
               "passed": False, "blocking": True}  # fmt: skip
    promoted.record(staged.with_report("held", {"rows_in": 2}, (finding,)))
    entries = json.loads(run("history", "filtered", "--json")[0])["history"]
    assert [(entry["kind"], entry["version"]) for entry in entries] == [("held", None), ("promote", 1)]
    assert entries[0]["reason"] == "content: repeated_texts is 1, allowed = 0"
    assert "content: repeated_texts" in run("history", "filtered")[0]


def test_history_names_what_the_checks_of_a_version_warned_of(run, promoted, key, documents):
    staged = promoted.stage("filtered", key, documents("x"), basis=1, parts={"code": "2"})
    finding = {"check": "drops", "metric": "duplicate_share", "meaning": "m", "allowed": "<= 0.75", "observed": 0.8,
               "passed": False, "blocking": False}  # fmt: skip
    promoted.promote(staged.with_report("staged", {"rows_in": 2}, (finding,)))
    entries = json.loads(run("history", "filtered", "--json")[0])["history"]
    warned = "drops: duplicate_share is 0.8, allowed <= 0.75 (m)"
    assert [entry["warned"] for entry in entries] == [[warned], []]
    assert f"warned: filtered {key} version 2: {warned}" in run("history", "filtered")[0]


def test_status_leaves_out_the_tiers_above_the_highest_that_was_tried(run, promoted):
    out, _ = run("status")
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["raw", "filtered"]
    assert "selected, refined, organized: never materialized" in out
    assert "selected  crawl" in run("status", "selected")[0]
    assert len(json.loads(run("status", "--json")[0])["rows"]) == 5


def test_status_has_the_agreed_form(run, promoted):
    (row,) = json.loads(run("status", "filtered", "--json")[0])["rows"]
    assert set(row) >= {
        "tier", "partition", "state", "version", "rows_in", "rows_kept", "dropped", "tokens", "checks", "seconds", "cost",
    }  # fmt: skip
    assert set(row["checks"]) == {"passed", "warned", "failed"}


def test_status_names_what_lies_astray_in_the_landing_zone(run, home):
    (home.landing / "cr;awl" / "1").mkdir(parents=True)
    (home.landing / "cr;awl" / "1" / "a.jsonl").write_text("{}")
    page = home.root / "a.jsonl"
    page.write_text('{"text": "x"}\n')
    run("land", "crawl.1", page)
    assert "cr;awl" in run("status")[0]


@pytest.mark.parametrize("tier, command", [("filtered", ["history", "filtered"]), ("organized", ["lookup", "words"])])
def test_a_log_that_cannot_be_read_is_an_error(home, promoted, capsys, tier, command):
    log = home.lake / tier / "crawl" / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    newest = max(log.glob("*.json"), default=log / f"{0:020d}.json")
    newest.write_bytes(b"")
    with pytest.raises(SystemExit) as ended:
        main([*command, "--home", str(home.root)])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, len(err.splitlines())) == (1, "", 1)
    assert ".json: it is empty" in err


def test_where_nothing_is_promoted_there_is_no_history_and_no_fact(run, promoted):
    assert run("history", "selected", "-p", "crawl.2026-08")[0] == "selected: nothing was promoted or held\n"
    assert run("lookup", "words")[0] == "no fact matches 'words'\n"


def test_history_names_a_manifest_that_cannot_be_read_and_ends_with_1(home, promoted, key, capsys):
    (path,) = (home.lake / "filtered" / "crawl" / "_candidates").glob("partition=*/*.json")
    path.write_bytes(b"{")
    with pytest.raises(SystemExit) as ended:
        main(["history", "filtered", "--json", "--home", str(home.root)])
    out, err = capsys.readouterr()
    assert (ended.value.code, len(json.loads(out)["history"])) == (1, 1)
    assert err.startswith(f"strata: {path} is damaged (")
