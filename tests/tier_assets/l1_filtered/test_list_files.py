import gzip

import pytest
import zstandard

from tier_assets.l1_filtered.list_files import ListError, is_jsonl, lines_of, rows_of

CUT = zstandard.compress("".join(f"{number} {number**9}\n" for number in range(2000)).encode())[:-2000]
"""Half of it could be read: a list that blocks half."""


def test_lines_come_from_plain_and_compressed_files_without_a_byte_order_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\ntwo")
    (tmp_path / "a.txt.zst").write_bytes(zstandard.compress(b"one\ntwo"))
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one\ntwo"))
    for name in ("a.txt", "a.txt.zst", "a.txt.gz"):
        assert list(lines_of(tmp_path / name)) == ["one\n", "two"]


@pytest.mark.parametrize(("name", "data"), [("a.zst", b"no frame"), ("a.zst", CUT), ("a", b"\xff\xfe")])
def test_a_file_that_is_something_else_is_named(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ListError, match=f"{name} cannot be read as a list"):
        list(lines_of(tmp_path / name))


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(ListError, match="gone cannot be read as a list"):
        list(lines_of(tmp_path / "gone"))


def test_rows_need_their_keys(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": "x", "b": "y"}\n{"a": "x"}\n')
    assert is_jsonl(file)
    with pytest.raises(ListError, match=r"a\.jsonl, line 2: not a JSON object with a and b"):
        list(rows_of(file, "a", "b"))
    assert [row["a"] for row in rows_of(file, "a")] == ["x", "x"]
