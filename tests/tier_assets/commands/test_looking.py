import base64
import json

import polars as pl
import pytest

from tier_assets.cli import main
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome


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


def test_rows_are_read_as_jsonl(run, promoted):
    out, _ = run("read", "filtered")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == ["ä text", "b"]
    assert rows[0]["partition"] == "crawl.2026-08"


def test_the_json_form_is_one_document(run, promoted):
    assert len(json.loads(run("read", "filtered", "--json")[0])["rows"]) == 2


def test_a_file_is_written_by_its_ending(run, promoted, tmp_path):
    run("read", "filtered", "-o", tmp_path / "x.parquet")
    assert pl.read_parquet(tmp_path / "x.parquet")["text"].to_list() == ["ä text", "b"]
    run("read", "filtered", "-o", tmp_path / "x.jsonl")
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == 2


def test_a_file_in_a_folder_that_is_not_there_is_refused(home, promoted, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["read", "filtered", "-o", str(tmp_path / "none" / "x.jsonl"), "--home", str(home.root)])
    assert ended.value.code == 2
    assert f"there is no folder {tmp_path / 'none'}: make it first" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_decisions_tell_of_every_input(run, promoted):
    rows = [json.loads(line) for line in run("read", "filtered", "--decisions")[0].splitlines()]
    assert [(row["kept"], row["drop_reason"], row["rule"], row["value"], row["threshold"]) for row in rows] == [
        (True, None, None, None, None),
        (True, None, None, None, None),
        (False, "quality", "min_words", 3.0, 50.0),
    ]


@pytest.fixture
def two_partitions(promoted, documents):
    """Of the first 3 documents 1 is dropped, of the second 4: 2 for their words, 2 for their URL."""
    given = documents("c", dropped=4)
    reasons = {"drop_reason": [None, "quality", "url", "url", "quality"],
               "rule": [None, "max_words", "blocked_url", "hard_words", "min_words"]}  # fmt: skip
    key = PartitionKey.parse("crawl.2026-09")
    outcome = Outcome(
        given.rows, given.decisions.with_columns(**{name: pl.Series(each) for name, each in reasons.items()})
    )
    promoted.promote(promoted.stage("filtered", key, outcome, basis=0, parts={"code": "1"}))


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        (["--rule", "min_words"], ["min_words", "min_words"]),
        (["--rule", "min_words", "--rule", "hard_words"], ["min_words", "hard_words", "min_words"]),
        (["--reason", "quality"], ["min_words", "max_words", "min_words"]),
        (["--reason", "quality", "--rule", "max_words"], ["max_words"]),
        (["--reason", "url", "--rule", "min_words"], []),
        (["--reason", "url", "-p", "crawl.2026-09"], ["blocked_url", "hard_words"]),
    ],
)
def test_decisions_are_picked_by_reason_and_by_rule(run, two_partitions, tmp_path, options, rules):
    out, err = run("read", "filtered", "--decisions", *options)
    assert [json.loads(line)["rule"] for line in out.splitlines()] == rules
    assert err == ""
    run("read", "filtered", "--decisions", *options, "-o", tmp_path / "x.parquet")
    assert pl.read_parquet(tmp_path / "x.parquet")["rule"].to_list() == rules


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rule", "min_wrods"], "--rule min_wrods: no decision read here has it; did you mean 'min_words'?; what occurs: "
         "blocked_url, hard_words, max_words, min_words"),
        (["--reason", "hard_words"], "--reason hard_words: no decision read here has it; what occurs: quality, url"),
    ],
)  # fmt: skip
def test_a_name_that_no_decision_has_is_refused_with_those_there_are(home, two_partitions, capsys, options, sentence):
    with pytest.raises(SystemExit) as ended:
        main(["read", "filtered", "--decisions", *options, "--home", str(home.root)])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err


def test_a_reason_that_dropped_nothing_is_an_empty_answer(run, two_partitions, promoted):
    out, err = run("read", "filtered", "--decisions", "--reason", "duplicate")
    assert out == ""
    assert "--reason duplicate: no decision read here has it; what occurs: quality, url" in err


def test_where_nothing_is_promoted_no_name_is_refused(run, promoted):
    out, err = run("read", "selected", "-p", "crawl.2026-08", "--decisions", "--rule", "anything")
    assert out == ""
    assert "nothing is promoted yet" in err


def test_a_rule_drops_and_promoted_rows_are_kept(home, promoted, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["read", "filtered", "--rule", "min_words", "--home", str(home.root)])
    assert ended.value.code == 2
    assert "--reason and --rule go with --decisions" in capsys.readouterr().err


def test_held_decisions_are_read_only_when_asked_for(run, promoted, key, documents):
    staged = promoted.stage("filtered", key, documents("x", "x"), basis=1, parts={"code": "2"})
    promoted.record(staged.with_report("held", {}, ()))
    assert len(run("read", "filtered", "--decisions")[0].splitlines()) == 3
    assert len(run("read", "filtered", "--decisions", "--held")[0].splitlines()) == 2
    assert len(run("read", "filtered")[0].splitlines()) == 2


def test_what_is_not_promoted_reads_as_nothing_and_says_so(run, promoted):
    out, err = run("read", "selected", "-p", "crawl.2026-08")
    assert out == ""
    assert "nothing is promoted yet" in err


def test_payload_comes_only_when_asked_for(run, home, tmp_path):
    page = tmp_path / "a.jsonl"
    page.write_text('{"html": "<p>hello", "url": "https://example.org/"}\n')
    run("land", "crawl.1", page)
    run("materialize", "raw")
    plain = json.loads(run("read", "raw")[0])
    assert "payload" not in plain
    assert (plain["text"], plain["language"], plain["uri"]) == (None, None, "https://example.org/")
    assert base64.b64decode(json.loads(run("read", "raw", "--payload")[0])["payload"]) == b"<p>hello"


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
