import pytest
import zstandard

from tier_assets.l1_filtered.list_files import ListError, is_jsonl, lines_of, rows_of


def test_lines_come_from_plain_and_compressed_files_without_a_byte_order_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\ntwo")
    (tmp_path / "a.txt.zst").write_bytes(zstandard.compress(b"one\ntwo"))
    assert list(lines_of(tmp_path / "a.txt")) == list(lines_of(tmp_path / "a.txt.zst")) == ["one\n", "two"]


@pytest.mark.parametrize(("name", "data"), [("a.zst", b"no frame"), ("a", b"\xff\xfe")])
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
