import gzip
import random
import zlib

import pytest
import zstandard

from tier_assets.l0_raw.compression import GZIP, ZSTD, start_gzip

ZEROS = bytes(64_000_000)


@pytest.mark.parametrize(
    "codec, data", [(GZIP, gzip.compress(ZEROS)), (ZSTD, zstandard.ZstdCompressor().compress(ZEROS))]
)
def test_a_step_of_the_most_compressible_data_stays_below_20_megabytes(codec, data):
    member = codec.start()
    sizes = [len(member.decompress(data[at : at + codec.step])) for at in range(0, len(data), codec.step)]
    assert max(sizes) < 20_000_000
    assert sum(sizes) == len(ZEROS)
    assert member.eof


@pytest.mark.parametrize("codec", [GZIP, ZSTD])
def test_garbage_raises_the_error_the_codec_names(codec):
    with pytest.raises(codec.error):
        codec.start().decompress(b"<html>not compressed at all</html>")


def steps(member, error, data):
    """What comes out of a member step by step, and how it ends."""
    found = []
    try:
        for at in range(0, len(data), 512):
            found.append(member.decompress(data[at : at + 512]))
            if member.eof:
                return found, len(member.unused_data)
    except error as raised:
        found.append(str(raised))
    return found, None


def test_of_damaged_members_comes_what_zlib_gives():
    chance = random.Random(7)
    sound = gzip.compress(b"".join(b"<p>%d %d</p>" % (n, chance.randrange(n + 1)) for n in range(2_000)))
    for _ in range(400):
        data = bytearray(sound + b"more")
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        del data[chance.randrange(len(data)) if chance.random() < 0.3 else len(data) :]
        expected = steps(zlib.decompressobj(31), zlib.error, bytes(data))
        assert steps(start_gzip(), GZIP.error, bytes(data)) == expected
