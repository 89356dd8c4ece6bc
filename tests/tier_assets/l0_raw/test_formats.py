import gzip
import io
import random
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Seen
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
        found = [found for _, found in findings(local_source(tmp_path / name), RawPolicy())]
        return [each for each in found if not isinstance(each, Seen)]

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


WARC = b"".join(
    b"WARC/1.0\r\nWARC-Type: %b\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n" % kind
    for kind in (b"warcinfo", b"resource", b"revisit", b"conversion")
)
THREE = {"hello": "a.txt", "": "b.txt", "picture": "c.png"}


def archive(ending):
    made = io.BytesIO()
    if ending == ".zip":
        with zipfile.ZipFile(made, "w") as file:
            for text, name in THREE.items():
                file.writestr(name, text)
        return made.getvalue()
    with tarfile.open(fileobj=made, mode="w") as file:
        for text, name in THREE.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            file.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def columns(ending):
    made = io.BytesIO()
    table = pa.table({"text": ["hello", "", None]})
    if ending == ".parquet":
        pq.write_table(table, made)
    else:
        with pa.ipc.new_file(made, table.schema) as writer:
            writer.write_table(table)
    return made.getvalue()


# Of each format, entries of which some are no documents, blanks that are no entries, and how many entries that makes.
ENTRIES = {
    ".jsonl": (b'{"text": "a"}\n\n  \nno json\n{"text": ""}\n[]', 4),
    ".csv": (b'text,id\na,1\n\n"b\nb",2\nc\n"open,4\n', 4),
    ".warc": (WARC, 4),
    ".arc": (ARC + b"\nhttp://e.org/ 1.2.3.4 20260301 text/plain 0\n\n", 3),
    ".tar": (archive(".tar"), 3),
    ".zip": (archive(".zip"), 3),
    ".parquet": (columns(".parquet"), 3),
    ".arrow": (columns(".arrow"), 3),
    ".pdf": (b"%PDF-1.7 nonsense", 1),
}
GZIPPED = {
    ending + ".gz": (gzip.compress(ENTRIES[ending][0], mtime=0), ENTRIES[ending][1]) for ending in (".jsonl", ".csv")
}
GZIPPED |= {
    ".warc.gz": (b"".join(gzip.compress(b"WARC/" + each, mtime=0) for each in WARC.split(b"WARC/")[1:]), 4),
    ".tar.gz": (gzip.compress(archive(".tar"), mtime=0), 3),
}


def counted(path):
    """Entries seen, and how many became something."""
    found = [found for _, found in findings(local_source(path), RawPolicy())]
    seen = sum(each.entries for each in found if isinstance(each, Seen))
    return seen, sum(not isinstance(each, Seen | Flaw) for each in found)


@pytest.mark.parametrize("ending", ENTRIES | GZIPPED)
def test_entries_are_counted_where_a_file_is_split(tmp_path, ending):
    data, entries = (ENTRIES | GZIPPED)[ending]
    (tmp_path / f"a{ending}").write_bytes(data)
    assert counted(tmp_path / f"a{ending}") == (entries, entries)


@pytest.mark.parametrize("ending", [ending for ending in ENTRIES | GZIPPED if ending != ".pdf"])
def test_damage_of_any_kind_leaves_no_entry_unaccounted_for(tmp_path, ending):
    data, _ = (ENTRIES | GZIPPED)[ending]
    chance = random.Random(ending)
    for number in range(60):
        damaged = bytearray(data)
        at = chance.randrange(len(data))
        if number % 3:
            damaged[at : at + chance.randrange(1, 8)] = chance.randbytes(chance.randrange(1, 8))
        else:
            del damaged[at:]
        path = tmp_path / f"{number}{ending}"
        path.write_bytes(damaged)
        seen, became = counted(path)
        assert seen == became, (number, bytes(damaged))
