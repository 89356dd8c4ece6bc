import json
from pathlib import Path

from tests.benchmarks.page import Section, Setting, Table, keep, load, raw, render, speeds
from tests.benchmarks.processes import Run

SETTING = Setting("2026-11-21", "0123456789", "a processor, 2 cores", 3, None, {"Python": "3.11.7", "polars": "2.1.0"})
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def run(cpu_seconds: float, peak: int = 1_000_000) -> Run:
    return Run(100, 2_000_000, cpu_seconds, 0.5, peak, {"all": cpu_seconds}, {"texts": ["long"]})


def test_a_table_has_its_first_column_to_the_left_and_the_others_to_the_right():
    table = Table(("kind", "labelled"), [["email", "11"], ["ip", "2"]])
    assert table.markdown() == "| kind | labelled |\n| --- | ---: |\n| email | 11 |\n| ip | 2 |"


def test_speeds_compare_round_by_round_and_show_the_largest_memory():
    runs = {"ours": [run(1.0), run(2.0)], "theirs": [run(10.0), run(30.0, peak=7_000_000)]}
    table = speeds(runs, "ours")
    assert table.columns[3] == "ours is x times as fast"
    assert table.rows[0] == ["ours", "100", "2.00", "1", "1.00", "0.50"]
    assert table.rows[1] == ["theirs", "10.0", "0.20", "12.5 (10.0-15.0)", "7.00", "0.50"]


def test_raw_figures_leave_out_what_was_found():
    (figures,) = raw({"ours": [run(1.0)]})["ours"]
    assert figures["cpu_seconds"] == 1.0
    assert "result" not in figures


def test_a_section_is_kept_beside_the_others_last_figures(tmp_path):
    path = tmp_path / "benchmarks.json"
    keep(path, "rules", Section("Rules", "Old.", []), SETTING)
    keep(path, "language", Section("Language", "Labels.", []), SETTING)
    keep(path, "rules", Section("Rules", "New.", []), SETTING)
    page = render(load(path), ["language", "rules"])
    assert page.index("## Language") < page.index("## Rules")
    assert "New." in page
    assert "Old." not in page


def test_the_page_is_made_of_the_json_alone(tmp_path):
    path = tmp_path / "benchmarks.json"
    section = Section("Rules", "What was done.", [Table(("a", "b"), [["c", "1"]])], {"seconds": [1.0]})
    kept = keep(path, "rules", section, SETTING)
    page = render(json.loads(path.read_text("utf-8")), ["rules"])
    assert page == render(kept, ["rules"])
    assert "| c | 1 |" in page
    assert page.endswith(
        "_2026-11-21, commit 0123456789, a processor, 2 cores, 3 rounds; Python 3.11.7, polars 2.1.0._\n"
    )


def test_a_quick_look_says_so():
    quick = Setting("2026-11-21", "0123456789", "a processor", 1, 200, {"Python": "3.11.7"})
    assert quick.sentence().startswith(
        "2026-11-21, commit 0123456789, a processor, 1 round, a quick look at about 200 documents; "
    )


def test_a_section_that_never_ran_is_not_on_the_page():
    assert "##" not in render({}, ["rules"])


def test_without_a_file_nothing_is_kept(tmp_path):
    assert load(tmp_path / "benchmarks.json") == {}


def test_the_page_in_docs_is_the_one_of_the_kept_figures():
    from tests.benchmarks.run import SECTIONS

    kept = load(PAGE.with_suffix(".json"))
    assert not kept or PAGE.read_text("utf-8") == render(kept, list(SECTIONS)), (
        "python -m tests.benchmarks.run writes it"
    )
