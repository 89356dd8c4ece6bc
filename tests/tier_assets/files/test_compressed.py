import gzip

import pytest
import zstandard

from tier_assets.files.compressed import DAMAGE, plain

TEXT = "".join(f"{number} {number**9}\n" for number in range(2000)).encode()


@pytest.mark.parametrize(("name", "pack"), [("a", bytes), ("a.gz", gzip.compress), ("a.zst", zstandard.compress)])
def test_a_file_is_read_by_its_name_and_all_its_frames(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(TEXT) + pack(b"end"))
    assert plain(tmp_path / name) == TEXT + b"end"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_frames_may_be_many_and_end_anywhere(tmp_path, pack):
    path = tmp_path / ("a.gz" if pack is gzip.compress else "a.zst")
    path.write_bytes(b"".join(pack(TEXT[at : at + 7]) for at in range(0, len(TEXT), 7)))
    assert plain(path) == TEXT


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.gz", gzip.compress(TEXT, mtime=0)[:-20]),
        ("a.gz", b"plain"),
        ("a.gz", b""),
        ("a.zst", b""),
        ("a.zst", b"plain"),
        ("a.zst", zstandard.compress(TEXT)[:-2000]),
        ("a.zst", zstandard.compress(TEXT) + zstandard.compress(TEXT)[:-1]),
        ("a.zst", None),
    ],
)
def test_a_file_that_is_cut_or_something_else_is_no_shorter_one(tmp_path, name, data):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DAMAGE):
        plain(tmp_path / name)
