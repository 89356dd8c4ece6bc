from dataclasses import replace

import polars as pl
import pytest

from tier_assets.gate import auditor
from tier_assets.gate.audit import audit, profile
from tier_assets.gate.contract import UNIVERSAL, Contract, Expectation, kept_of
from tier_assets.schemas import TABLES

CONTRACT = Contract(
    table="filtered",
    code_version="1",
    checks=("conservation", "schema", "volume"),
    expectations=lambda policy: UNIVERSAL,
    metrics={"mean_chars": ("kept", "avg(text_chars)")},
    mixes={"language_mix": ("kept", "language")},
    measures=("contaminated_rows",),
)


def profiled(tmp_path, outcome, measures=None):
    outcome.rows.write_parquet(tmp_path / "rows.parquet")
    outcome.decisions.write_parquet(tmp_path / "decisions.parquet")
    return profile(
        [tmp_path / "rows.parquet"], tmp_path / "decisions.parquet", CONTRACT, TABLES["filtered"], measures or {}
    )


def failures(found):
    return [finding.metric for finding in audit(found, UNIVERSAL).failures]


def test_a_sound_candidate_keeps_what_every_table_promises(tmp_path, documents):
    found = profiled(tmp_path, documents("abcd", "ab", dropped=2), {"files": 1})
    assert failures(found) == []
    assert (found["rows_in"], found["rows_kept"], found["kept_share"], found["mean_chars"]) == (4, 2, 0.5, 3)
    assert found["files"] == 1


def test_an_empty_candidate_is_sound(tmp_path, documents):
    assert failures(profiled(tmp_path, documents())) == []


@pytest.mark.parametrize(
    ("change", "metric"),
    [
        (lambda o: (pl.concat([o.rows, o.rows[:1]]), o.decisions), "repeated_ids"),
        (lambda o: (o.rows, pl.concat([o.decisions, o.decisions[-1:]])), "repeated_decisions"),
        (lambda o: (o.rows[1:], o.decisions), "unmatched_rows"),
        (lambda o: (o.rows, o.decisions[1:]), "unmatched_rows"),
        (lambda o: (o.rows, o.decisions.with_columns(drop_reason=pl.lit("whim"))), "drops_without_reason"),
        (lambda o: (o.rows, o.decisions.with_columns(rule=pl.lit(None, pl.String))), "drops_without_reason"),
        (lambda o: (o.rows, o.decisions.with_columns(drop_reason=pl.lit("quality"))), "kept_with_reason"),
        (lambda o: (o.rows.drop("title"), o.decisions), "columns_different"),
        (lambda o: (o.rows.with_columns(pl.col("text_chars").cast(pl.Int32)), o.decisions), "columns_different"),
        (lambda o: (o.rows.with_columns(extra=pl.lit(1)), o.decisions), "columns_different"),
        (lambda o: (o.rows.with_columns(text=pl.lit(None, pl.String)), o.decisions), "required_nulls"),
    ],
)
def test_each_breach_is_found_by_its_own_number(tmp_path, documents, change, metric):
    outcome = documents("a", "b", dropped=1)
    rows, decisions = change(outcome)
    found = profiled(tmp_path, type(outcome)(rows, decisions))
    assert metric in failures(found)


def test_a_candidate_in_several_files_is_profiled_as_one(tmp_path, documents):
    outcome = documents("abcd", "ab", "efgh")
    outcome.decisions.write_parquet(tmp_path / "decisions.parquet")
    files = [tmp_path / f"{number}.parquet" for number in range(2)]
    outcome.rows[:2].write_parquet(files[0])
    outcome.rows[1:].write_parquet(files[1])
    found = profile(files, tmp_path / "decisions.parquet", CONTRACT, TABLES["filtered"], {})
    assert (found["rows_kept"], found["repeated_ids"], found["unmatched_rows"]) == (4, 1, 0)


def test_files_that_differ_in_their_columns_are_a_breach_not_a_crash(tmp_path, documents):
    outcome = documents("abcd", "ab")
    outcome.decisions.write_parquet(tmp_path / "decisions.parquet")
    files = [tmp_path / f"{number}.parquet" for number in range(2)]
    outcome.rows[:1].write_parquet(files[0])
    outcome.rows[1:].drop("extractor").write_parquet(files[1])
    found = profile(files, tmp_path / "decisions.parquet", CONTRACT, TABLES["filtered"], {})
    assert failures(found) == ["columns_different", "required_nulls"]


def test_a_mix_is_profiled_as_the_share_of_each_value(tmp_path, documents):
    outcome = documents("a", "b", "c", "d")
    rows = outcome.rows.with_columns(language=pl.Series(["en", "en", "de", None]))
    found = profiled(tmp_path, type(outcome)(rows, outcome.decisions))
    mix = {name: share for name, share in found.items() if name.startswith("language_mix.")}
    assert mix == {"language_mix.en": 0.5, "language_mix.de": 0.25, "language_mix.und": 0.25}


def test_a_measure_that_a_run_does_not_give_is_null(tmp_path, documents):
    assert profiled(tmp_path, documents("a"))["contaminated_rows"] is None
    assert profiled(tmp_path, documents("a"), {"contaminated_rows": 2})["contaminated_rows"] == 2


def test_a_warning_does_not_hold():
    report = audit({"rows_in": 5.0, "x": 3.0}, [Expectation("volume", "x", "few", at_most=2, blocking=False)])
    assert not report.holds
    assert report.verdict("volume") == "warned"
    assert report.verdict("schema") == "passed"


def test_a_blocking_bound_only_warns_below_its_number_of_inputs():
    few = Expectation("volume", "x", "enough", at_least=0.5, blocks_from=100)
    report = audit({"rows_in": 99.0, "x": 0.1}, [few])
    assert not report.holds
    assert report.warnings[0].brief() == "volume: x is 0.1, allowed >= 0.5 (only warns below 100 inputs, here are 99)"
    assert audit({"rows_in": 100.0, "x": 0.1}, [few]).holds


def test_what_cannot_be_measured_meets_every_bound():
    assert not audit({"rows_in": 0.0, "x": None}, [Expectation("volume", "x", "enough", at_least=1)]).holds


def test_an_expectation_on_an_unknown_number_is_a_fault_of_the_contract():
    with pytest.raises(KeyError, match="nowhere"):
        audit({"rows_in": 0.0}, [Expectation("volume", "nowhere", "enough", at_least=1)])


def test_a_finding_reads_as_a_sentence():
    found = audit(
        {"rows_in": 1.0, "files_truncated": 1.0}, [Expectation("completeness", "files_truncated", "whole", 0, 0)]
    )
    assert found.failures[0].sentence() == "completeness: files_truncated is 1, allowed = 0 (whole)"
    bounds = Expectation("cost", "x", "m", 1, 2)
    assert bounds.allowed == ">= 1 and <= 2"


def accounted(tmp_path, decisions, column, **parents):
    """The two numbers on inputs, for decisions of these columns and parents' ids by table; the last is for evidence alone."""
    decisions = pl.DataFrame(
        decisions, schema={"doc_id": pl.String, "kept": pl.Boolean, "parent_ids": pl.List(pl.String)}
    )
    decisions.write_parquet(tmp_path / "decisions.parquet")
    pl.DataFrame(schema={"doc_id": pl.String}).write_parquet(tmp_path / "rows.parquet")
    for table, ids in parents.items():
        pl.DataFrame({"doc_id": pl.Series(ids, dtype=pl.String)}).write_parquet(tmp_path / f"{table}.parquet")
    files = [str(tmp_path / f"{table}.parquet") for table in parents]
    found = auditor.ask(
        "profile",
        files={"kept": [str(tmp_path / "rows.parquet")], "decisions": [str(tmp_path / "decisions.parquet")]},
        metrics={key: {"rows": "count(*)"} for key in ("kept", "decisions")},
        required={"kept": [], "decisions": []},
        mixes={"kept": {}, "decisions": {}},
        accounts=[(column, files[:1], files)],
    )
    return found["inputs_undecided"], found["decisions_without_input"]


@pytest.mark.parametrize(
    ("decided", "below", "found"),
    [
        (["a", "b"], ["a", "b"], (0, 0)),
        (["a"], ["a", "b", "c"], (2, 0)),
        (["a", "x"], ["a"], (0, 1)),
        ([], ["a"], (1, 0)),
        ([], [], (0, 0)),
    ],
)
def test_every_row_below_has_a_decision_and_every_decision_a_row_below(tmp_path, decided, below, found):
    rows = [{"doc_id": each, "kept": False, "parent_ids": None} for each in decided]
    assert accounted(tmp_path, rows, "doc_id", raw=below) == found


def test_a_row_that_any_decision_names_is_accounted_for(tmp_path):
    rows = [
        {"doc_id": "1", "kept": False, "parent_ids": ["r1", "s1"]},
        {"doc_id": "2", "kept": True, "parent_ids": ["r1"]},
    ]
    assert accounted(tmp_path, rows, "parent_ids", refined=["r1"], selected=["s1", "s2"]) == (0, 0)
    assert accounted(tmp_path, rows, "parent_ids", refined=["r1", "r2"], selected=["s1"]) == (1, 0)
    assert accounted(tmp_path, rows, "parent_ids", refined=["r1"], selected=["s2"]) == (0, 1)


def test_what_was_tried_and_is_not_left_is_measured(tmp_path, documents):
    contract = replace(CONTRACT, metrics={"kept_of_tried": kept_of()})
    for outcome, left in ((documents("a", dropped=1), 1), (documents(dropped=2), 0), (documents(), None)):
        outcome.rows.write_parquet(tmp_path / "rows.parquet")
        outcome.decisions.write_parquet(tmp_path / "decisions.parquet")
        found = profile([tmp_path / "rows.parquet"], tmp_path / "decisions.parquet", contract, TABLES["filtered"], {})
        assert found["kept_of_tried"] == left
