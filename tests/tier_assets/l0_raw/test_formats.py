import gzip
import io
import tarfile
import zipfile

import pyarrow as pa
import pytest
import zstandard

from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind
from tier_assets.l0_raw.formats import findings
from tier_assets.landing.files import ENDINGS
from tier_assets.landing.sources import local_source
from tier_assets.policy import RawPolicy


def tarred():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("a.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return made.getvalue()


def zipped():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "hello")
    return made.getvalue()


def arrowed():
    made = io.BytesIO()
    table = pa.table({"text": ["hello"]})
    with pa.ipc.new_stream(made, table.schema) as writer:
        writer.write_table(table)
    return made.getvalue()


ARC = b"filedesc://a 0 20260301 text/plain 0\n\nhttp://e.org/ 1.2.3.4 20260301 text/plain 5\nhello\n"
WHOLE = {
    ".arc": ARC,
    ".csv": b"text\nhello\n",
    ".tsv": b"text\thtml\nhello\t\n",
    ".tar": tarred(),
    ".zip": zipped(),
    ".arrow": arrowed(),
}
PACKED = {
    ".arc.gz": gzip.compress(ARC, mtime=0),
    ".csv.gz": gzip.compress(WHOLE[".csv"], mtime=0),
    ".csv.zst": zstandard.ZstdCompressor().compress(WHOLE[".csv"]),
    ".tsv.gz": gzip.compress(WHOLE[".tsv"], mtime=0),
    ".tsv.zst": zstandard.ZstdCompressor().compress(WHOLE[".tsv"]),
    ".tar.gz": gzip.compress(WHOLE[".tar"], mtime=0),
    ".tgz": gzip.compress(WHOLE[".tar"], mtime=0),
    ".tar.zst": zstandard.ZstdCompressor().compress(WHOLE[".tar"]),
}


@pytest.fixture
def read(tmp_path):
    def call(name, data):
        (tmp_path / name).write_bytes(data)
        return [found for _, found in findings(local_source(tmp_path / name), RawPolicy())]

    return call


@pytest.mark.parametrize("ending", WHOLE | PACKED)
def test_every_format_is_read_by_its_ending(read, ending):
    found = read("a" + ending, (WHOLE | PACKED)[ending])
    assert [each.payload for each in found if isinstance(each, Capture)] == [b"hello"]
    assert not [each for each in found if isinstance(each, Flaw)]


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending not in (".csv", ".tsv", ".jsonl")])
@pytest.mark.parametrize("data", [b"<html><p>hello</p>" + b" " * 600, b"\0" * 700, b"\x89PNG" + b"\xff" * 700])
def test_another_file_under_a_format_s_ending_gives_nothing_and_a_flaw(read, ending, data):
    found = read("a" + ending, data)
    if ending == ".tar" and not data.strip(b"\0"):
        assert found == []  # two blocks of zeros are an empty archive
        return
    assert not [each for each in found if isinstance(each, Capture)]
    assert [each for each in found if isinstance(each, Flaw)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_file_is_empty(read, ending):
    assert read("a" + ending, b"") == [Flaw(FlawKind.EMPTY, "empty")]


@pytest.mark.parametrize(
    "name, data, note",
    [
        ("a.csv", gzip.compress(b"text", mtime=0), "is gzip, not CSV as its ending says"),
        ("a.tar", gzip.compress(b"text", mtime=0), "is gzip, not tar as its ending says"),
        ("a.zip", b"PAR1", "is Parquet, not zip as its ending says"),
        ("a.jsonl", b"%PDF-1.7", "is PDF, not JSONL as its ending says"),
        ("a.jsonl", tarred(), "is tar, not JSONL as its ending says"),
    ],
)
def test_a_wrong_ending_is_told_with_what_it_is(read, name, data, note):
    assert read(name, data) == [Flaw(FlawKind.UNREADABLE, note)]
