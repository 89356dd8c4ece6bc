import gzip
import io
import tarfile

import pytest

from tier_assets.l0_raw.compression import GZIP
from tier_assets.l0_raw.streams import Stream
from tier_assets.l0_raw.tar import Damage, TarMember, members


def packed(files, form=tarfile.PAX_FORMAT):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def read(data):
    stream = Stream(io.BytesIO(data))
    return [(each, stream.read(each.size) if isinstance(each, TarMember) else None) for each in members(stream)]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_of_every_format_are_read_in_their_order(form):
    name = "d" * 60 + "/" + "é" * 30 + "/" + "f" * 60
    found = read(packed({"a.txt": b"one", name: b"two", "c": b""}, form))
    assert [(each.path, data) for each, data in found] == [("a.txt", b"one"), (name, b"two"), ("c", b"")]
    assert found[0][0].offset == 0 and found[1][0].offset == 1024


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_archive_appended_to_another_is_read_too(pack):
    """As `cat` joins them: tar itself ends at the first end mark without a word."""
    data = pack(packed({"a": b"one"})) + pack(packed({"b": b"two"}))
    stream = Stream(io.BytesIO(data), None if pack is bytes else GZIP)
    found = [(each.offset, each.path, stream.read(each.size)) for each in members(stream)]
    assert found == [(0, "a", b"one"), (10_240, "b", b"two")]


def test_what_follows_an_end_mark_and_is_no_archive_is_damage():
    assert read(packed({"a": b"one"}) + b"x" * 700)[-1] == (Damage(10_240, True), None)


def test_a_member_that_nobody_reads_is_passed():
    stream = Stream(io.BytesIO(packed({"a": b"x" * 2_000, "b": b"y"})))
    assert [each.path for each in members(stream)] == ["a", "b"]


def test_links_are_no_files_and_folders_are_nothing():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, kind in (
            ("d", tarfile.DIRTYPE),
            ("s", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("p", tarfile.FIFOTYPE),
        ):
            entry = tarfile.TarInfo(name)
            entry.type = kind
            entry.linkname = "/etc/passwd"
            archive.addfile(entry)
    assert [(each.path, each.is_file) for each, _ in read(made.getvalue())] == [
        ("s", False),
        ("h", False),
        ("p", False),
    ]


@pytest.mark.parametrize("length", [600, 1_000, 1_024, 1_300, 1_535])
def test_an_archive_that_is_cut_says_so(length):
    found = read(packed({"a": b"one", "b": b"two"})[:length])
    assert found[0][0].path == "a"
    assert isinstance(found[-1][0], Damage) and found[-1][0].lost


def test_behind_a_damaged_header_the_next_is_found():
    data = bytearray(packed({"a": b"one", "b": b"two", "c": b"three"}))
    data[1024:1030] = b"XXXXXX"
    found = read(bytes(data))
    assert [each.path if isinstance(each, TarMember) else each for each, _ in found] == ["a", Damage(1024, False), "c"]


def test_an_extended_header_of_any_length_is_passed_over():
    entry = tarfile.TarInfo("a")
    entry.type, entry.size = b"x", 1 << 20
    data = entry.tobuf() + b"9" * (1 << 20) + packed({"b": b"two"})
    assert [(each.path, content) for each, content in read(data)] == [("b", b"two")]


@pytest.mark.parametrize("record", [b"99999 path=x\n", b"x path=x\n", b"3 path=x\n", b"12 size=abc\n"])
def test_a_malformed_extended_header_says_nothing(record):
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = b"x", len(record)
    data = entry.tobuf() + record.ljust(512, b"\0") + packed({"b": b"two"})
    assert [(each.path, content) for each, content in read(data)] == [("b", b"two")]
