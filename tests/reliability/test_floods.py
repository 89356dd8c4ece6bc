"""R14: bombs and giants, read in a process of their own that tells its peak memory: it stays bounded, and reading goes on."""

import io
import json
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

# An interpreter with Polars and Arrow takes 150 MB; a piece of 16 MB exists as bytes and as a frame.
MOST_MEGABYTES = 400
GIGABYTE = 1 << 30

READ = """
import json, sys
from itertools import islice
from pathlib import Path
from tier_assets.l0_raw.reading import read_landed
from tier_assets.landing.sources import local_source
from tier_assets.policy import RawPolicy

limit, *paths = sys.argv[1:]
told = {}
sources = [local_source(Path(path)) for path in paths]
pieces = read_landed(sources, partition="crawl.1", policy=RawPolicy())
for piece in islice(pieces, int(limit) or None):
    for name, rule in piece.decisions.select("file", "rule").iter_rows():
        told[f"{name} {rule}"] = told.get(f"{name} {rule}", 0) + 1
    for note in piece.notes:
        told[note.partition(":")[0] + " note"] = 1
# Not getrusage: its peak is handed down by the process that started this one.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([told, int(peak.split()[1]) >> 10]))
"""


def read(*paths, pieces=0):
    """How often which rule dropped an input of which file ("None": kept), and the peak memory in MB."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(pieces), *map(str, paths)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def gzipped(head, size, tail=b""):
    """`size` zero bytes between two texts, as gzip, without the time that compressing them takes: deflated once, repeated."""
    step = 1 << 24
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = packer.compress(b"\0" * step) + packer.flush(zlib.Z_FULL_FLUSH)
    first = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = first.compress(head) + first.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    end = last.compress(tail) + last.flush()
    crc = zlib.crc32(head)
    for _ in range(size // step):
        crc = zlib.crc32(b"\0" * step, crc)
    crc = zlib.crc32(tail, crc)
    trailer = struct.pack("<II", crc, (len(head) + size + len(tail)) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start + zeros * (size // step) + end + trailer


def tar_header(name, size, kind=b"0"):
    entry = tarfile.TarInfo(name)
    entry.size, entry.type = size, kind
    return entry.tobuf(tarfile.GNU_FORMAT)


def fine():
    return tar_header("fine.txt", 4) + b"fine".ljust(512, b"\0") + b"\0" * 1024


WARC = b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
BOMBS = {
    "a.warc.gz": gzipped(WARC % GIGABYTE, GIGABYTE, b"\r\n\r\n" + WARC % 4 + b"fine\r\n\r\n"),
    "a.arc.gz": gzipped(
        b"filedesc://a 0 20260301 text/plain 1\n1\nhttp://e.org/ 1.2.3.4 20260301 text/plain %d\n" % GIGABYTE,
        GIGABYTE,
        b"\nhttp://e.org/2 1.2.3.4 20260301 text/plain 4\nfine\n",
    ),
    "a.jsonl.gz": gzipped(b'{"text": "', GIGABYTE, b'"}\n{"text": "fine"}\n'),
    "a.csv.gz": gzipped(b"text\n", GIGABYTE, b"\nfine\n"),
    "a.tar.gz": gzipped(tar_header("a.txt", GIGABYTE), GIGABYTE, fine()),
    "b.tar.gz": gzipped(tar_header("x", GIGABYTE, b"x"), GIGABYTE, fine()),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_gigabyte_in_a_megabyte_is_a_counted_drop_in_bounded_memory(tmp_path, name):
    (tmp_path / name).write_bytes(BOMBS[name])
    assert (tmp_path / name).stat().st_size < 1_200_000
    told, megabytes = read(tmp_path / name)
    rule = {"jsonl": "max_line_bytes", "csv": "max_line_bytes"}.get(name.split(".")[1], "max_payload_bytes")
    # b.tar.gz: the gigabyte is an extended header, and no input.
    assert told == ({f"{name} None": 1} if name == "b.tar.gz" else {f"{name} {rule}": 1, f"{name} None": 1})
    assert megabytes < MOST_MEGABYTES


def test_bombs_in_a_zip_and_in_zstd_are_counted_drops(tmp_path):
    packed = zstandard.ZstdCompressor(level=1).compressobj()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("a.txt", "w", force_zip64=True) as member, (tmp_path / "b.jsonl.zst").open("wb") as other:
            for _ in range(16):
                member.write(b"\0" * (1 << 24))
                other.write(packed.compress(b"\0" * (1 << 24)))
            other.write(packed.compress(b'\n{"text": "fine"}\n') + packed.flush())
        archive.writestr("fine.txt", "fine")
    told, megabytes = read(tmp_path / "a.zip", tmp_path / "b.jsonl.zst")
    assert told == {
        "a.zip max_payload_bytes": 1,
        "a.zip None": 1,
        "b.jsonl.zst max_line_bytes": 1,
        "b.jsonl.zst None": 1,
    }
    assert megabytes < MOST_MEGABYTES


def test_a_zip_of_a_thousand_files_over_the_same_bytes_unpacks_them_once(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.txt", b"\0" * 10_000_000)
    data = made.getvalue()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry, trailer = data[start:end], bytearray(data[end:])
    trailer[8:12] = struct.pack("<HH", 1000, 1000)
    trailer[12:16] = struct.pack("<I", 1000 * len(entry))
    (tmp_path / "a.zip").write_bytes(data[:start] + entry * 1000 + bytes(trailer))
    told, megabytes = read(tmp_path / "a.zip")
    assert told == {"a.zip binary": 1, "a.zip damaged_member": 999}
    assert megabytes < MOST_MEGABYTES


def test_a_document_of_one_line_of_100_mb_is_too_large_and_the_next_is_read(tmp_path):
    line = b'{"text": "' + b"x" * 100_000_000 + b'"}\n'
    (tmp_path / "a.jsonl").write_bytes(line + b'{"text": "fine"}\n')
    (tmp_path / "b.csv").write_bytes(b"text\n" + line[10:] + b"fine\n")
    told, megabytes = read(tmp_path / "a.jsonl", tmp_path / "b.csv")
    assert told == {"a.jsonl max_line_bytes": 1, "a.jsonl None": 1, "b.csv max_line_bytes": 1, "b.csv None": 1}
    assert megabytes < MOST_MEGABYTES


def test_a_page_of_200_000_nested_tags_is_archived(tmp_path):
    page = "<div>" * 200_000
    (tmp_path / "a.jsonl").write_text(json.dumps({"html": page}) + "\n" + "[" * 200_000 + "\n" + '{"text": "fine"}\n')
    assert read(tmp_path / "a.jsonl")[0] == {"a.jsonl None": 2, "a.jsonl bad_json": 1}


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_million_rows_in_one_group_are_read_in_bounded_memory(tmp_path, form):
    path = tmp_path / f"a.{form}"
    rows = 1_000_000
    table = pa.table({"text": pa.array(["x" * 600] * 1000).take(pa.array([number % 1000 for number in range(rows)]))})
    if form == "parquet":
        pq.write_table(table, path, row_group_size=rows, compression="NONE", use_dictionary=False)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    del table
    assert path.stat().st_size > 600_000_000
    told, megabytes = read(path, pieces=2)
    assert list(told) == [f"a.{form} None"]
    assert megabytes < MOST_MEGABYTES
