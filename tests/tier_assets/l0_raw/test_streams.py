import gzip
import re

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l0_raw.compression import GZIP, ZSTD
from tier_assets.l0_raw.streams import DamageError, Stream


@pytest.fixture
def stream(tmp_path):
    """A function that opens a stream over bytes."""
    opened = []

    def build(data, codec=None, boundary=b""):
        path = tmp_path / f"{len(opened)}"
        path.write_bytes(data)
        opened.append(path.open("rb"))
        return Stream(opened[-1], codec, boundary)

    yield build
    for file in opened:
        file.close()


def test_a_plain_file_is_one_segment(stream):
    one = stream(b"abcdef")
    assert one.next_segment()
    assert (one.peek(2), one.read(4), one.position, one.read(9), one.peek(1)) == (b"ab", b"abcd", 4, b"ef", b"")
    assert not one.next_segment()


def test_members_that_begin_with_the_boundary_are_segments_and_others_continue(stream):
    members = [gzip.compress(part) for part in (b"X/one", b"-more", b"", b"\r\nX/two")]
    one = stream(b"".join(members), GZIP, b"X/")
    assert one.next_segment()
    assert (one.segment, one.read(99)) == (0, b"X/one-more")
    assert one.next_segment()
    assert (one.segment, one.read(99)) == (len(b"".join(members[:3])), b"\r\nX/two")
    assert not one.next_segment()


def test_zero_bytes_behind_the_last_member_are_padding(stream):
    one = stream(gzip.compress(b"X/one") + bytes(70_000), GZIP, b"X/")
    assert one.next_segment()
    assert one.read(99) == b"X/one"
    assert not one.next_segment()


@pytest.mark.parametrize("codec, pack", [(GZIP, gzip.compress), (ZSTD, zstandard.ZstdCompressor().compress)])
def test_a_member_that_the_file_cuts_is_damage_of_that_kind(stream, codec, pack):
    one = stream(pack(b"abc") + pack(b"x" * 100)[:-3], codec)
    assert one.next_segment()
    with pytest.raises(DamageError) as raised:
        while one.read(50):
            pass
        one.next_segment()
    assert (raised.value.truncated, raised.value.start) == (True, len(pack(b"abc")))


def test_a_wrong_checksum_is_damage(stream):
    packed = bytearray(gzip.compress(b"abc"))
    packed[-8] ^= 1
    with pytest.raises(DamageError, match="incorrect data check") as raised:
        stream(bytes(packed), GZIP).next_segment()
    assert not raised.value.truncated


def test_recovery_goes_on_at_the_next_member_that_begins_with_the_boundary(stream):
    good, other = gzip.compress(b"X/three"), gzip.compress(b"no boundary")
    damaged = bytearray(gzip.compress(b"X/one"))
    damaged[12] ^= 0xFF
    one = stream(bytes(damaged) + other + good, GZIP, b"X/")
    with pytest.raises(DamageError) as raised:
        one.next_segment()
    assert one.recover(raised.value)
    assert one.next_segment()
    assert (one.segment, one.read(99)) == (len(damaged) + len(other), b"X/three")


def test_without_another_member_there_is_no_recovery(stream):
    one = stream(gzip.compress(b"X/one" * 9)[:-9], GZIP, b"X/")
    with pytest.raises(DamageError) as raised:
        one.next_segment()
    assert not one.recover(raised.value)
    assert not one.next_segment()


@pytest.mark.parametrize("codec", [None, GZIP])
def test_a_mark_is_a_place_to_come_back_to(stream, codec):
    data = b"".join(b"%07d\n" % number for number in range(300_000))
    one = stream(gzip.compress(data) if codec else data, codec)
    one.next_segment()
    one.skip(8_000)
    mark = one.mark()
    assert one.skip(9_999_999) == len(data) - 8_000
    one.reset(mark)
    assert (one.position, one.read(len(data))) == (8_000, data[8_000:])


def test_a_long_line_is_measured_but_not_kept(stream):
    one = stream(b"ab\n" + b"x" * 3_000_000 + b"\nlast")
    one.next_segment()
    assert [one.read_line(10) for _ in range(3)] == [(b"ab", 2), (b"", 3_000_000), (b"last", 4)]


def test_a_pattern_is_found_across_reads(stream):
    data = b"a" * ((1 << 20) - 2) + b"needle rest"
    one = stream(data)
    one.next_segment()
    assert one.skip_to(re.compile(b"needle"), 20)
    assert one.read(99) == b"needle rest"
    assert not one.skip_to(re.compile(b"needle"), 20)


@settings(max_examples=50)
@given(parts=st.lists(st.binary(max_size=40), max_size=5), sizes=st.lists(st.integers(1, 30), min_size=1, max_size=9))
def test_reading_in_any_steps_gives_the_whole(tmp_path_factory, parts, sizes):
    path = tmp_path_factory.mktemp("stream") / "file"
    path.write_bytes(b"".join(gzip.compress(part) for part in parts))
    with path.open("rb") as file:
        one = Stream(file, GZIP)
        found = b""
        while one.next_segment():
            step = 0
            while data := one.read(sizes[step % len(sizes)]):
                found += data
                step += 1
        assert found == b"".join(parts)
        assert one.position == len(found)
