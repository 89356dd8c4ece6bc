import gzip
import json

import pytest
import zstandard

from tier_assets.benchmark_items import BenchmarkError, digest, load
from tier_assets.policies.filtered import Contamination
from tier_assets.text.contamination import CONTAMINATION, Item, find

QUESTION = "How many of the sixteen eggs does the woman sell at the market each day?"
POLICY = Contamination(benchmarks=("benchmarks",))


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "benchmarks"
    found.mkdir()
    return found


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_without_benchmarks_there_is_nothing_to_check(tmp_path):
    assert load(tmp_path, Contamination()) is None
    assert digest(tmp_path, Contamination()) == ""


def test_a_line_is_an_item_and_its_file_names_what_it_does_not(folder, tmp_path):
    (folder / "gsm8k.test.jsonl").write_text(lines({"question": "One?", "answer": 4}, {"prompt": "Two?", "id": 7}))
    (folder / "mine.jsonl").write_text(lines({"text": "Three?", "benchmark": "own", "id": "c"}))
    found = load(tmp_path, POLICY)
    assert found is not None
    assert found.items == (
        Item("gsm8k.test", "1", "One?"),
        Item("gsm8k.test", "7", "Two?"),
        Item("own", "c", "Three?"),
    )


def test_compressed_files_are_read_and_other_files_are_not(folder, tmp_path):
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines({"text": "One?"}).encode(), mtime=0))
    two_frames = [zstandard.compress(lines({"text": text}).encode()) for text in ("Two?", "Three?")]
    (folder / "b.jsonl.zst").write_bytes(b"".join(two_frames))
    (folder / "README.md").write_text("no item")
    (folder / ".c.jsonl").write_text("no item")
    found = load(tmp_path, POLICY)
    assert found is not None
    assert [item.text for item in found.items] == ["One?", "Two?", "Three?"]


def test_a_file_may_be_named_and_a_folder_holds_those_of_its_folders(folder, tmp_path):
    (folder / "math").mkdir()
    (folder / "math" / "a.jsonl").write_text(lines({"text": "One?"}))
    by_file = load(tmp_path, Contamination(benchmarks=("benchmarks/math/a.jsonl",)))
    assert by_file == load(tmp_path, POLICY)
    assert by_file is not None


def test_the_digest_is_of_what_the_items_say(folder, tmp_path):
    path = folder / "a.jsonl"
    path.write_text(lines({"text": "One, two?", "id": 1}, {"text": "Three?", "id": 2}))
    before = digest(tmp_path, POLICY)
    assert before.startswith(f"{CONTAMINATION}/")
    path.write_text(
        lines({"id": "2", "prompt": "THREE?"}, {}).replace("{}\n", "\n") + lines({"text": "one two", "id": 1})
    )
    assert digest(tmp_path, POLICY) == before
    path.write_text(lines({"text": "One, two?", "id": 1}, {"text": "Four?", "id": 2}))
    assert digest(tmp_path, POLICY) != before


def test_the_index_finds_the_items_and_is_built_once(folder, tmp_path):
    (folder / "eggs.jsonl").write_text(lines({"question": QUESTION}))
    found = load(tmp_path, POLICY)
    assert found is not None
    assert find([f"He asked: {QUESTION}"], found.index(POLICY))["benchmark"].to_list() == ["eggs"]
    again = load(tmp_path, POLICY)
    assert again is not None
    assert again.index(POLICY) is found.index(POLICY)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b'{"text": "One?"}\n{"text": \n', "a.jsonl, line 2: is not JSON"),
        (b'["One?"]\n', "a.jsonl, line 1: is not a JSON object"),
        (b'\n{"answer": "One"}\n', "a.jsonl, line 2: has no text under question, text, prompt"),
        (b'{"question": " "}\n', "a.jsonl, line 1: has no text"),
        (b'{"question": 7}\n', "a.jsonl, line 1: has no text"),
        (b'{"text": "One?", "id": {}}\n', "a.jsonl, line 1: id is neither text nor a number"),
        (b'{"text": "\xff"}\n', "a.jsonl, line 1: is not UTF-8"),
        (b"", "benchmarks has no items"),
    ],
)
def test_a_bad_line_is_named(folder, tmp_path, data, complaint):
    (folder / "a.jsonl").write_bytes(data)
    with pytest.raises(BenchmarkError, match=complaint.replace(".", r"\.")):
        load(tmp_path, POLICY)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl.gz", gzip.compress(b'{"text": "One?"}\n' * 2000, mtime=0)[:-20]),
        ("a.jsonl.gz", b"plain"),
        ("a.jsonl.zst", b"plain"),
        ("a.jsonl.zst", zstandard.compress(lines(*({"text": f"{n} {n**9}"} for n in range(2000))).encode())[:-2000]),
    ],
)
def test_a_damaged_file_is_named(folder, tmp_path, name, data):
    (folder / name).write_bytes(data)
    with pytest.raises(BenchmarkError, match=name):
        load(tmp_path, POLICY)


def test_a_folder_that_is_missing_or_empty_is_named(folder, tmp_path):
    with pytest.raises(BenchmarkError, match="no file that ends in"):
        load(tmp_path, POLICY)
    with pytest.raises(BenchmarkError, match="there is no elsewhere in the home"):
        load(tmp_path, Contamination(benchmarks=("elsewhere",)))
