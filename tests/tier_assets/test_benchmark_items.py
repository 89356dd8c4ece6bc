import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tier_assets.benchmark_files import BenchmarkError
from tier_assets.benchmark_items import load
from tier_assets.errors import PolicyError
from tier_assets.policies.filtered import Contamination
from tier_assets.text.contamination import Item, find
from tier_assets.user_files import UserFiles

QUESTION = "How many of the sixteen eggs does the woman sell at the market each day?"
POLICY = Contamination(benchmarks=("benchmarks",))


@pytest.fixture
def home(tmp_path):
    return UserFiles(tmp_path)


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "benchmarks"
    found.mkdir()
    return found


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_without_benchmarks_there_is_nothing_to_check(home):
    assert load(home, Contamination()) is None


def test_a_line_is_an_item_and_its_file_names_what_it_does_not(folder, home):
    (folder / "gsm8k.test.jsonl").write_text(lines({"question": "One?", "answer": 4}, {"prompt": "Two?", "id": 7}))
    (folder / "mine.jsonl").write_text(lines({"text": "Three?", "benchmark": "own", "id": "c"}))
    found = load(home, POLICY)
    assert found is not None
    assert found.items == (
        Item("gsm8k.test", "1", "One?"),
        Item("gsm8k.test", "7", "Two?"),
        Item("own", "c", "Three?"),
    )


def test_the_text_is_the_first_that_is_not_empty_in_every_form(folder, home):
    row = pl.DataFrame({"question": [""], "text": ["Real one?"]})
    for name, write in {"a.jsonl": row.write_ndjson, "b.csv": row.write_csv, "c.parquet": row.write_parquet}.items():
        write(folder / name)
    assert [item.text for item in load(home, POLICY).items] == ["Real one?"] * 3


def test_a_file_without_items_is_named_though_others_have_some(folder, home):
    """A table without its header would lose its only row."""
    (folder / "a.jsonl").write_text(lines({"question": "One?"}))
    (folder / "b.csv").write_text("What is 1 + 1?\n")
    with pytest.raises(BenchmarkError, match=r"b\.csv has no items"):
        load(home, POLICY)


def test_columns_of_a_table_are_the_keys_of_a_line(folder, home):
    """The same item has the same identity, whichever file it is in."""
    (folder / "a.jsonl").write_text(
        lines({"question": "One?", "id": 7}, {"text": "Two?"}, {"benchmark": "own", "prompt": "3"})
    )
    by_line = load(home, POLICY)
    rows = {"question": ["One?", None, None], "text": [None, "Two?", None], "prompt": [None, None, "3"],
            "benchmark": [None, None, "own"]}  # fmt: skip
    table = pl.DataFrame(rows | {"id": [7, None, None], "answer": [4, 5, 6]})
    found = []
    for name, write in {"a.csv": table.write_csv, "a.parquet": table.write_parquet}.items():
        (folder / next(iter(folder.iterdir())).name).unlink()
        write(folder / name)
        found.append(load(home, POLICY))
    assert found == [by_line, by_line]
    assert by_line is not None
    assert by_line.items == (Item("a", "2", "Two?"), Item("a", "7", "One?"), Item("own", "3", "3"))
    assert [each.items for each in found] == [by_line.items] * 2


def test_other_files_and_hidden_ones_are_not_read(folder, home):
    (folder / "a.jsonl").write_text(lines({"text": "One?"}))
    (folder / "README.md").write_text("no item")
    (folder / ".c.jsonl").write_text("no item")
    (folder / ".git").mkdir()
    (folder / ".git" / "d.jsonl").write_text("no item")
    found = load(home, POLICY)
    assert found is not None
    assert [item.text for item in found.items] == ["One?"]


def test_a_file_may_be_named_and_a_folder_holds_those_of_its_folders(folder, home):
    (folder / "math").mkdir()
    (folder / "math" / "a.jsonl").write_text(lines({"text": "One?"}))
    by_file = load(home, Contamination(benchmarks=("benchmarks/math/a.jsonl",)))
    assert by_file == load(home, POLICY)
    assert by_file is not None


def test_equal_items_are_equal_however_the_file_holds_them(folder, home):
    path = folder / "a.jsonl"
    path.write_text(lines({"text": "One, two?", "id": 1}, {"text": "Three?", "id": 2}))
    before = load(home, POLICY)
    path.write_text(
        lines({"id": "2", "prompt": "THREE?"}, {}).replace("{}\n", "\n") + lines({"text": "one two", "id": 1})
    )
    assert load(home, POLICY) == before
    path.write_text(lines({"text": "One, two?", "id": 1}, {"text": "Four?", "id": 2}))
    assert load(home, POLICY) != before


def test_the_index_finds_the_items_and_is_built_once(folder, home):
    (folder / "eggs.jsonl").write_text(lines({"question": QUESTION}))
    found = load(home, POLICY)
    assert found is not None
    assert find([f"He asked: {QUESTION}"], found.index(POLICY))["benchmark"].to_list() == ["eggs"]
    again = load(home, POLICY)
    assert again is not None
    assert again.index(POLICY) is found.index(POLICY)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b'\n{"answer": "One"}\n', "a.jsonl, line 2: has no text under question, text, prompt; it has 'answer'$"),
        (b"{}\n", "prompt; it has nothing$"),
        (b'{"question": " "}\n', "a.jsonl, line 1: has no text under question, text, prompt$"),
        (b'{"question": 7}\n', "a.jsonl, line 1: has no text"),
        (b'{"text": "One?", "id": {}}\n', "a.jsonl, line 1: id is neither text nor a number"),
        (b"", "a.jsonl has no items"),
    ],
)
def test_a_line_that_is_no_item_is_named(folder, home, data, complaint):
    (folder / "a.jsonl").write_bytes(data)
    with pytest.raises(BenchmarkError, match=complaint.replace(".", r"\.")):
        load(home, POLICY)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("question,id\nOne?,1\n,2\n", "a.csv, line 3: has no text under question, text, prompt$"),
        ("What is 1 + 1?,2,B\nWhat is 2 + 2?,4,A\n", "a.csv, line 2: .*; it has 'What is 1 . 1[?]', '2', 'B'$"),
        ("question,id\n", "a.csv has no items"),
    ],
)
def test_a_row_of_csv_that_is_no_item_is_named(folder, home, data, complaint):
    (folder / "a.csv").write_text(data)
    with pytest.raises(BenchmarkError, match=complaint):
        load(home, POLICY)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"question": ["One?", " "]}, "a.parquet, row 2: has no text"),
        ({"prompt": [["One?"]]}, "a.parquet, row 1: has no text"),
        ({"answer": [1], "choices": [["a"]]}, "a.parquet, row 1: .*; it has 'answer', 'choices'$"),
        ({"text": ["One?"], "id": [1.5]}, "a.parquet, row 1: id is neither text nor a number"),
        ({"text": ["One?"], "id": [True]}, "a.parquet, row 1: id is neither"),
    ],
)
def test_a_row_of_parquet_that_is_no_item_is_named(folder, home, columns, complaint):
    pl.DataFrame(columns).write_parquet(folder / "a.parquet")
    with pytest.raises(BenchmarkError, match=complaint):
        load(home, POLICY)


def test_a_text_of_parquet_that_is_not_utf8_is_named(folder, home):
    broken = pa.array([b"One?", b"\xff"]).view(pa.string())
    pq.write_table(pa.table({"question": broken}), folder / "a.parquet")
    with pytest.raises(BenchmarkError, match="a.parquet, row 2: is not UTF-8"):
        load(home, POLICY)


def test_of_many_columns_some_are_shown(folder, home):
    (folder / "a.csv").write_text(",".join(f"c{number}" for number in range(30)) + "\n" + "," * 29 + "\n")
    with pytest.raises(BenchmarkError, match="'c18', 'c19', \\.\\.\\.$"):
        load(home, POLICY)


def test_a_folder_that_is_missing_or_empty_is_named(folder, home):
    with pytest.raises(BenchmarkError, match="no file that ends in .jsonl, .*, .csv, .*, .parquet$"):
        load(home, POLICY)
    with pytest.raises(PolicyError, match="elsewhere is not there: the policy names it"):
        load(home, Contamination(benchmarks=("elsewhere",)))
