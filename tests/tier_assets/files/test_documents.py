import pytest

from tier_assets.files.documents import read_document, write_document


def test_a_document_comes_back_as_it_was(tmp_path):
    write_document(tmp_path / "a.json", {"b": [1, None, "é"], "a": {"x": 0.1}})
    assert read_document(tmp_path / "a.json") == {"b": [1, None, "é"], "a": {"x": 0.1}}


def test_no_flipped_bit_says_another_thing(tmp_path):
    path = tmp_path / "a.json"
    write_document(path, {"rows": 17, "state": "held", "share": 0.25})
    whole = path.read_bytes()
    for bit in range(len(whole) * 8):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        try:
            assert read_document(path) == {"rows": 17, "state": "held", "share": 0.25}
        except ValueError:
            continue


def test_one_from_before_there_were_digests_is_taken_at_its_word(tmp_path):
    (tmp_path / "a.json").write_text('{"rows": 17}')
    assert read_document(tmp_path / "a.json") == {"rows": 17}


def test_what_is_no_table_of_values_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(ValueError, match="no table of values"):
        read_document(tmp_path / "a.json")
