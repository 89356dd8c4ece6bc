import csv
import gzip
import json
import re

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tier_assets.benchmark_files import ENDINGS, BenchmarkError, read_rows, stem

WANTED = ("question", "id")


@pytest.fixture
def rows(tmp_path):
    def read(name, data=None):
        if data is not None:
            (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return [(row.number, dict(row.fields)) for row in read_rows(tmp_path / name, WANTED)]

    return read


def lines(*objects):
    return "".join(json.dumps(each) + "\n" for each in objects).encode()


def test_a_line_of_json_is_a_row_under_its_number(rows):
    found = rows("a.jsonl", b'{"question": "One?", "answer": 4}\n\n{"id": 7}')
    assert found == [(1, {"question": "One?", "answer": 4}), (3, {"id": 7})]


def test_rows_of_a_table_are_counted_behind_its_header(rows):
    found = rows("a.csv", 'question, id \r\n"One,\r\nor ""two""?",1\r\n\r\n5" or 6"?,\r\n')
    assert found == [(1, {"question": 'One,\r\nor "two"?', "id": "1"}), (2, {"question": '5" or 6"?', "id": None})]
    assert rows("a.tsv", "\ufeffquestion\tid\nOne, two?\tNA") == [(1, {"question": "One, two?", "id": "NA"})]
    assert rows("b.csv", "") == rows("b.csv", "question,id\n") == []


def test_any_field_may_be_long_also_beside_another_reader(rows):
    before = csv.field_size_limit()
    assert len(rows("a.csv", f"question,context\nOne?,{'x' * 2 * before}\n")) == 1
    assert csv.field_size_limit() >= 2 * before


@pytest.mark.parametrize("form", [".jsonl", ".csv", ".tsv"])
@pytest.mark.parametrize("compressed", ["", ".gz", ".zst"])
def test_text_may_be_compressed_and_in_several_frames(rows, form, compressed):
    one, two = (b'{"id": "1"}\n', b'{"id": "2"}\n') if form == ".jsonl" else (b"id\n1\n", b"2\n")
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[compressed]
    assert [fields["id"] for _, fields in rows(f"a{form}{compressed}", pack(one) + pack(two))] == ["1", "2"]


def test_parquet_gives_bytes_numbers_and_nulls_and_no_column_that_nobody_wants(rows, tmp_path):
    table = {"question": ["One?", None], "id": [7, None], "answer": ["4", "5"]}
    pl.DataFrame(table).write_parquet(tmp_path / "a.parquet", row_group_size=1)
    expected = [{"question": b"One?", "id": 7, "answer": None}, {"question": None, "id": None, "answer": None}]
    assert rows("a.parquet") == list(enumerate(expected, 1))


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int8(), pa.string())]
)
def test_text_of_every_type_is_text(rows, tmp_path, kind):
    pq.write_table(pa.table({"question": pa.array(["One?"], kind)}), tmp_path / "a.parquet")
    assert rows("a.parquet") == [(1, {"question": b"One?"})]


def test_what_is_no_text_is_its_type(rows, tmp_path):
    """The date is in the year 148000, for which Python has none."""
    far = pa.array([2**62], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"question": [["One?"]], "id": far}), tmp_path / "a.parquet")
    ((_, fields),) = rows("a.parquet")
    assert all(isinstance(fields[name], pa.DataType) for name in WANTED)


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("a.jsonl", b'{"text": "One?"}\n{"text": \n', "a.jsonl, line 2: is not JSON"),
        ("a.jsonl", b'["One?"]\n', "a.jsonl, line 1: is not a JSON object"),
        ("a.jsonl", b'{"text": "\xff"}\n', "a.jsonl, line 1: is not UTF-8"),
        ("a.csv", b"question,id\nOne?,1\nTwo\xff,2\n", "a.csv, line 3: is not UTF-8"),
        ("a.csv", b'question,id\n"One\ntwo?",1\nThree?\n', "a.csv, line 4: has 1 fields, the header 2"),
        ("a.csv", b"question,id\nOne?,1,2\n", "a.csv, line 2: has 3 fields, the header 2"),
        ("a.csv", b'question\n\nOne?\n"Two?\nThree?\n', "a.csv, line 4: is no row: unexpected end of data"),
        ("a.csv", b'question\n"One" or two?\n', "a.csv, line 2: is no row: ',' expected after '\"'"),
        ("a.tsv", b"question\tid\tquestion\n", "a.tsv: has the column question twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(rows, name, data, complaint):
    with pytest.raises(BenchmarkError, match=re.escape(complaint)):
        rows(name, data)


PLAIN = lines(*({"text": f"{n} {n**9}"} for n in range(2000)))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl.gz", gzip.compress(PLAIN, mtime=0)[:-20]),
        ("a.jsonl.gz", b"plain"),
        ("a.csv.gz", b"plain"),
        ("a.jsonl.zst", b"plain"),
        ("a.jsonl.zst", zstandard.compress(PLAIN)[:-2000]),
        ("a.parquet", b"plain"),
        ("a.parquet", b""),
    ],
)
def test_a_damaged_file_is_named(rows, name, data):
    with pytest.raises(BenchmarkError, match=f"{name} cannot be read: ") as caught:
        rows(name, data)
    assert "\n" not in str(caught.value)


def test_a_parquet_file_with_a_flipped_byte_or_a_column_twice_is_named(rows, tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"question": [f"{n} {n**9}" for n in range(2000)]}), path, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(BenchmarkError, match="a.parquet cannot be read: "):
        rows("a.parquet", bytes(data))
    pq.write_table(pa.table([[1], [2]], names=["id", "id"]), path)
    with pytest.raises(BenchmarkError, match="a.parquet: has the column id twice"):
        rows("a.parquet")


def test_a_file_is_named_without_its_ending(tmp_path):
    assert {stem(tmp_path / f"gsm8k.test{ending}") for ending in ENDINGS} == {"gsm8k.test"}
    assert stem(tmp_path / "a.jsonl.csv") == "a.jsonl"
