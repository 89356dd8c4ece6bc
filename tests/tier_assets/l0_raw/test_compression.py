import gzip

import pytest
import zstandard

from tier_assets.l0_raw.compression import GZIP, ZSTD

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
