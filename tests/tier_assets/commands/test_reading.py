import base64
import json

import polars as pl
import pyarrow.parquet as pq
import pytest

from tier_assets.cli import main
from tier_assets.commands import reading
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


@pytest.fixture
def fail(home, capsys):
    """Runs what must fail with 1: the one line that it says."""

    def fail(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--home", str(home.root)])
        out, err = capsys.readouterr()
        assert (ended.value.code, out, len(err.splitlines())) == (1, "", 1)
        return err

    return fail


def empty_newest_entry(home):
    (newest,) = sorted((home.lake / "filtered" / "crawl" / "_delta_log").glob("*.json"))[-1:]
    newest.write_bytes(b"")


@pytest.mark.parametrize("options", [[], ["-p", "crawl.2026-08"], ["--decisions"], ["--json"]])
def test_a_log_that_cannot_be_read_is_an_error_and_no_file_is_written(home, promoted, fail, tmp_path, options):
    empty_newest_entry(home)
    assert ".json: it is empty" in fail("read", "filtered", *options)
    assert ".json: it is empty" in fail("read", "filtered", *options, "-o", tmp_path / "x.jsonl")
    assert not (tmp_path / "x.jsonl").exists()


def test_one_damaged_partition_leaves_the_file_of_before_as_it_was(home, two_partitions, fail, tmp_path):
    (path,) = (home.lake / "filtered" / "crawl" / "partition=crawl.2026-09").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1])
    for name in ("x.jsonl", "x.parquet"):
        (tmp_path / name).write_text("of before")
        assert "is cut short" in fail("read", "filtered", "-o", tmp_path / name)
        assert (tmp_path / name).read_text() == "of before"
    assert "is cut short" in fail("read", "filtered")


def test_where_nothing_is_promoted_the_file_is_empty_with_its_columns(run, promoted, tmp_path):
    run("read", "selected", "-p", "crawl.2026-08", "-o", tmp_path / "x.parquet")
    frame = pl.read_parquet(tmp_path / "x.parquet")
    assert (frame.height, frame.columns[0], frame.columns[-1]) == (0, "doc_id", "partition")
    assert run("read", "selected", "-p", "crawl.2026-08", "--json")[0] == '{"rows": []}\n'


def test_rows_are_read_and_written_in_the_pieces_in_which_they_were_staged(run, promoted, documents, tmp_path):
    key = PartitionKey.parse("crawl.2026-09")
    pieces = [documents("a"), Outcome(documents("b", "c").rows[1:], documents("b", "c").decisions[1:])]
    with promoted.staging("filtered", key, basis=0, parts={"code": "1"}) as staging:
        for piece in pieces:
            staging.write(piece)
    promoted.promote(staging.candidate)
    run("read", "filtered", "-o", tmp_path / "x.parquet")
    assert pq.ParquetFile(tmp_path / "x.parquet").num_row_groups == 3
    assert pl.read_parquet(tmp_path / "x.parquet")["text"].to_list() == ["ä text", "b", "a", "c"]
    assert pl.read_parquet(tmp_path / "x.parquet").schema == promoted.read("filtered", key).collect_schema()


def test_decisions_come_in_slices_and_are_picked_from_each(run, two_partitions, monkeypatch):
    monkeypatch.setattr(reading, "_DECISIONS_AT_ONCE", 2)
    out, _ = run("read", "filtered", "--decisions", "--reason", "quality")
    assert [json.loads(line)["rule"] for line in out.splitlines()] == ["min_words", "max_words", "min_words"]
