import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l0_raw.codings import CodingError, Decoded, OversizeError, undo_chunks, undo_content

PAGE = b"<html>" + bytes(range(256)) * 40 + b"</html>"


def raw_deflate(data):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


CODED = {
    "gzip": gzip.compress(PAGE),
    "x-gzip": gzip.compress(PAGE),
    "deflate": zlib.compress(PAGE),
    "br": brotli.compress(PAGE),
    "zstd": zstandard.ZstdCompressor().compress(PAGE),
}


@pytest.mark.parametrize("coding", CODED)
def test_each_content_coding_is_undone(coding):
    assert undo_content(CODED[coding], coding, 1_000_000) == Decoded(PAGE)


def test_deflate_without_its_wrapper_is_undone_too():
    assert undo_content(raw_deflate(PAGE), "deflate", 1_000_000) == Decoded(PAGE)


@pytest.mark.parametrize("coding", CODED)
def test_a_body_that_is_not_coded_as_its_header_says_is_kept(coding):
    decoded = undo_content(b"<html>plain</html>", coding, 1000)
    assert decoded.body == b"<html>plain</html>"
    assert decoded.flaw is not None and decoded.flaw.startswith("not_")


@pytest.mark.parametrize("coding", CODED)
def test_a_bomb_is_given_up_at_the_limit(coding):
    bomb = {
        "gzip": gzip.compress,
        "x-gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }[coding](bytes(5_000_000))
    with pytest.raises(OversizeError) as raised:
        undo_content(bomb, coding, 1000)
    assert 1000 < raised.value.size <= 5_000_000


def test_a_cut_body_gives_what_there_is():
    noise = b"".join(zlib.crc32(bytes([i % 256, i // 256])).to_bytes(4, "big") for i in range(20_000))
    decoded = undo_content(gzip.compress(noise)[:-30_000], "gzip", 1_000_000)
    assert decoded.flaw == "gzip_cut"
    assert len(decoded.body) > 10_000 and noise.startswith(decoded.body)


def test_a_gzip_body_damaged_from_the_start_is_an_error():
    with pytest.raises(CodingError):
        undo_content(b"\x1f\x8b\x08\x00" + b"\xff" * 40, "gzip", 1000)


def test_an_unknown_coding_is_passed_over_and_named():
    assert undo_content(b"abc", "sdch", 1000) == Decoded(b"abc", "unknown_coding")


def test_chunks_are_joined():
    assert undo_chunks(b"3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n") == Decoded(b"abcde")


def test_a_body_that_is_not_chunked_is_kept():
    assert undo_chunks(b"<html>plain</html>") == Decoded(b"<html>plain</html>", "not_chunked")


def test_a_first_line_that_only_looks_like_a_chunk_is_kept():
    assert undo_chunks(b"3\r\nabcdefgh") == Decoded(b"3\r\nabcdefgh", "not_chunked")


def test_chunks_that_break_off_give_what_there_is():
    assert undo_chunks(b"3\r\nabc\r\n5\r\nde") == Decoded(b"abcde", "chunks_cut")
    assert undo_chunks(b"3\r\nabc\r\nzz\r\nde") == Decoded(b"abc", "chunks_broken")


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_body_survives_chunking(body, size):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    assert undo_chunks(chunked) == Decoded(body)


@given(st.binary(max_size=300), st.sampled_from([*CODED, "identity", "nonsense"]))
def test_any_bytes_under_any_coding_give_a_body_or_a_named_error(body, coding):
    try:
        assert isinstance(undo_content(body, coding, 10_000).body, bytes)
    except (CodingError, OversizeError):
        assert coding not in ("identity", "nonsense")
