"""R13, R15 and R16: files that are cut, damaged or not what they say, odd text, columns that drift: for every reader.

Nothing is lost without a word: a file that gives less than it held is flawed, and holds its partition.
"""

import gzip
import io
import json
import tarfile
import zipfile

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tier_assets.l0_raw.reading import read_landed
from tier_assets.landing.sources import local_source
from tier_assets.outcome import joined
from tier_assets.policy import RawPolicy

TEXTS = [
    f"page {number}: " + "".join(chr(33 + (number * 7 + step * step) % 90) for step in range(300))
    for number in range(9)
]


def warc(texts=TEXTS, pack=gzip.compress):
    made = b""
    for number, text in enumerate(texts):
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + text.encode()
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://e.org/{number}\r\n"
        head += "Content-Type: application/http\r\n"
        made += pack(head.encode() + f"Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n")
    return made


def arc(texts=TEXTS, pack=gzip.compress):
    made = pack(b"filedesc://a 0 20260301000000 text/plain 2\n1 \n")
    for number, text in enumerate(texts):
        data = text.encode()
        made += pack(b"http://e.org/%d 1.2.3.4 20260301000000 text/plain %d\n%b\n" % (number, len(data), data))
    return made


def jsonl(texts=TEXTS):
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


def csv(texts=TEXTS):
    return ("text\n" + "".join('"' + text.replace('"', '""') + '"\n' for text in texts)).encode()


def tar(texts=TEXTS):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for number, text in enumerate(texts):
            entry = tarfile.TarInfo(f"{number}.txt")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()[: (2 * len(texts) + 2) * 512]


def zipped(texts=TEXTS):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.txt", text)
    return made.getvalue()


def columnar(table, form):
    made = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, made, row_group_size=3)
    else:
        with pa.ipc.new_file(made, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    return made.getvalue()


zstd = zstandard.ZstdCompressor(write_checksum=True).compress
TABLE = pa.table({"text": TEXTS})
# Formats that frame what they hold. Lines of a plain file do not: there the landing zone's byte counts are the proof.
FRAMED = {
    "a.warc": warc(pack=bytes), "a.warc.gz": warc(), "a.arc": arc(pack=bytes), "a.arc.gz": arc(),
    "a.jsonl.gz": gzip.compress(jsonl()), "a.jsonl.zst": zstd(jsonl()), "a.csv.gz": gzip.compress(csv()),
    "a.csv.zst": zstd(csv()), "a.tar": tar(), "a.tar.gz": gzip.compress(tar()), "a.tar.zst": zstd(tar()),
    "a.zip": zipped(), "a.parquet": columnar(TABLE, "parquet"), "a.arrow": columnar(TABLE, "arrow"),
}  # fmt: skip
PLAIN = {"a.jsonl": jsonl(), "a.csv": csv()}


@pytest.fixture
def read(tmp_path):
    def call(name, data, **policy):
        (tmp_path / name).write_bytes(data)
        return joined(read_landed([local_source(tmp_path / name)], partition="crawl.1", policy=RawPolicy(**policy)))

    return call


def kept(outcome):
    return [payload.decode(errors="replace") for payload in outcome.rows["payload"].to_list()]


@pytest.mark.parametrize("name", FRAMED | PLAIN)
def test_a_sound_file_gives_all_and_no_note(read, name):
    outcome = read(name, (FRAMED | PLAIN)[name])
    assert (kept(outcome), outcome.notes) == (TEXTS, ())


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("name", FRAMED)
def test_a_file_that_is_cut_is_never_taken_for_whole(read, name, share):
    data = FRAMED[name]
    outcome = read(name, data[: int(len(data) * share)])
    flawed = sum(value for measure, value in outcome.measures.items() if measure.startswith("files_"))
    members = name.endswith((".warc.gz", ".arc.gz"))
    # A chain of members that ends between two of them is whole, as far as anybody can tell from the file; and a tar may
    # lack a part of its end mark.
    assert flawed or (members and outcome.decisions["kept"].all()) or kept(outcome) == TEXTS
    assert kept(outcome) == TEXTS[: outcome.rows.height]


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("name", FRAMED)
def test_damage_in_the_middle_is_counted_or_named(read, name, at):
    data = bytearray(FRAMED[name])
    place = int(len(data) * at)
    data[place : place + 24] = b"\xff" * 24
    outcome = read(name, bytes(data))
    # Formats without checksums show the damage in a text; a document that is gone is always accounted for.
    assert outcome.notes or outcome.decisions.height >= len(TEXTS)
    dropped = outcome.decisions.filter(~pl.col("kept"))
    assert dropped["rule"].null_count() == 0
    assert outcome.rows.height <= len(TEXTS)


@pytest.mark.parametrize("name", ["a.warc.gz", "a.arc.gz", "a.zip"])
def test_a_damaged_member_costs_itself_alone(read, name):
    data = bytearray(FRAMED[name])
    data[len(data) // 2 : len(data) // 2 + 24] = b"\xff" * 24
    outcome = read(name, bytes(data))
    assert outcome.rows.height >= len(TEXTS) - 2
    assert kept(outcome)[-1] == TEXTS[-1]


@pytest.mark.parametrize(
    "name",
    [
        "a.warc.gz",
        "a.warc",
        "a.arc",
        "a.wet",
        "a.parquet",
        "a.arrow",
        "a.zip",
        "a.tar.gz",
        "a.tgz",
        "a.jsonl.zst",
        "a.pdf",
    ],
)
def test_html_under_another_ending_is_named_and_gives_nothing(read, name):
    outcome = read(name, b"<!doctype html><html><p>not found</p></html>" * 40)
    assert outcome.rows.is_empty()
    assert outcome.measures["files_unreadable"] + outcome.decisions.height == 1


def test_a_jsonl_file_of_html_is_dropped_line_by_line(read):
    outcome = read("a.jsonl", b"<html>\n<p>x\n")
    assert outcome.decisions["rule"].to_list() == ["bad_json", "bad_json"]


ODD = {
    "nul": "a\0b",
    "bidi": "a\u202eb\u200bc",
    "crlf": "a\r\nb",
    "mark": "\ufeffa",
    "separators": "a\u2028b\u0085c\x1cd",
    "astral": "a\U0001f600b",
}


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "arrow"])
@pytest.mark.parametrize("odd", ODD)
def test_odd_text_is_archived_as_it_came(read, form, odd):
    text = ODD[odd]
    data = (
        {"jsonl": jsonl, "csv": csv}[form]([text])
        if form in ("jsonl", "csv")
        else columnar(pa.table({"text": [text]}), form)
    )
    # Spreadsheets end lines within quotes as they please: CSV keeps the line, not the form of its end.
    expected = text.replace("\r\n", "\n") if form == "csv" else text
    assert kept(read(f"a.{form}", data)) == [expected]


@pytest.mark.parametrize(
    "name, data",
    [
        ("a.jsonl", b'{"text": "caf\xe9"}\n{"text": "fine"}\n'),
        ("a.jsonl", b'{"text": "\\udc00"}\n{"text": "fine"}\n'),
        ("a.csv", b"text\ncaf\xe9\nfine\n"),
        ("a.parquet", columnar(pa.table({"text": pa.array([b"caf\xe9", b"fine"]).view(pa.string())}), "parquet")),
        ("a.arrow", columnar(pa.table({"text": pa.array([b"caf\xe9", b"fine"]).view(pa.string())}), "arrow")),
    ],
)
def test_text_that_is_no_unicode_is_one_counted_drop(read, name, data):
    outcome = read(name, data)
    assert (kept(outcome), outcome.decisions["rule"].to_list()) == (["fine"], ["bad_encoding", None])


def tabled(form, rows):
    """Rows of one schema drift, in a format."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if form == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if form == "csv":
        lines = [",".join("" if row.get(name) is None else str(row[name]) for name in names) for row in rows]
        return "\n".join([",".join(names), *lines, ""]).encode()
    return columnar(pa.table({name: [row.get(name) for row in rows] for name in names}), form)


FORMS = ["jsonl", "csv", "parquet", "arrow"]


@pytest.mark.parametrize("form", FORMS)
def test_reordered_and_extra_columns_and_null_ids_are_fine(read, form):
    rows = [{"extra": "x", "id": None, "text": "one"}, {"extra": None, "id": "7", "text": "two"}]
    outcome = read(f"a.{form}", tabled(form, rows))
    assert (kept(outcome), outcome.rows["user_id"].to_list()) == (["one", "two"], [None, "7"])


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_column_is_told(read, form):
    outcome = read(f"a.{form}", tabled(form, [{"body": "one", "id": "1"}]))
    assert outcome.decisions["rule"].to_list() == (["no_text"] if form == "jsonl" else [])
    sentence = "has no column text or html, but 'body', 'id': name that of the text in raw.text_columns"
    assert outcome.notes == (f"a.{form}: {sentence}",)


@pytest.mark.parametrize("form", FORMS)
def test_a_text_in_another_column_is_read_where_the_policy_names_it(read, form):
    data = tabled(form, [{"body": "one", "text": None, "id": "1"}, {"body": None, "text": "two", "id": "2"}])
    outcome = read(f"a.{form}", data, text_columns=("content", "body", "text"))
    assert (kept(outcome), outcome.rows["metadata"].to_list()) == (["one", "two"], [None, None])


@pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])
@pytest.mark.parametrize("row, rule", [({"text": 7}, "bad_text"), ({"text": "x", "url": 7}, "bad_field")])
def test_a_retyped_column_drops_its_rows_saying_so(read, form, row, rule):
    outcome = read(f"a.{form}", tabled(form, [row]))
    assert outcome.decisions["rule"].to_list() == [rule]
    assert outcome.decisions["detail"][0].endswith("is no string")
