import pytest

from tier_assets.errors import LakeError
from tier_assets.lake.policies import keep_values, kept_values

VALUES = {"filtered.languages": ["de"], "filtered.min_language_score": 0.5, "filtered.by_language": {}}


def files(table):
    return sorted((table / "_policies").iterdir())


def test_values_are_kept_once_and_read_back_under_their_digest(tmp_path):
    digest = keep_values(tmp_path, VALUES)
    assert keep_values(tmp_path, dict(reversed(VALUES.items()))) == digest
    assert [path.name for path in files(tmp_path)] == [f"{digest}.json"]
    assert kept_values(tmp_path, digest) == VALUES


def test_other_values_have_a_file_of_their_own(tmp_path):
    keep_values(tmp_path, VALUES)
    keep_values(tmp_path, {**VALUES, "filtered.min_language_score": 0.6})
    assert len(files(tmp_path)) == 2


def test_no_values_need_no_file(tmp_path):
    assert keep_values(tmp_path, {}) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b'{"filtered.min_language_score": 0.7}'])
def test_a_damaged_file_is_none_and_is_written_anew(tmp_path, damage):
    digest = keep_values(tmp_path, VALUES)
    (path,) = files(tmp_path)
    path.write_bytes(damage)
    assert kept_values(tmp_path, digest) is None
    keep_values(tmp_path, VALUES)
    assert kept_values(tmp_path, digest) == VALUES


def test_what_a_killed_process_left_is_swept_by_the_next_that_writes(tmp_path):
    half = tmp_path / "_policies" / ".a.json.999999999.tmp"
    half.parent.mkdir()
    half.write_text("{")
    keep_values(tmp_path, VALUES)
    assert not half.exists()


def test_values_that_were_never_kept_are_none(tmp_path):
    assert kept_values(tmp_path, "0" * 64) is None


def test_values_that_cannot_be_written_are_an_error_that_names_the_place(tmp_path):
    (tmp_path / "_policies").write_text("a file where a folder should be")
    with pytest.raises(LakeError, match=f"{tmp_path} cannot be written to"):
        keep_values(tmp_path, VALUES)
