import os

import pytest

from tests.flips import flipped
from tier_assets.files.sealed import is_sealed, open_sealed, seal_beside, write_sealed

CONTENT = bytes(range(256)) * 4


def write(path, content=CONTENT):
    write_sealed(path, lambda temporary: temporary.write_bytes(content))


def test_a_content_comes_back_as_it_was_written(tmp_path):
    write(tmp_path / "deep" / "a")
    assert bytes(open_sealed(tmp_path / "deep" / "a")) == CONTENT
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a"]


def test_an_empty_content_is_one(tmp_path):
    write(tmp_path / "a", b"")
    assert bytes(open_sealed(tmp_path / "a")) == b""


def test_a_file_that_is_not_there_is_none(tmp_path):
    assert open_sealed(tmp_path / "a") is None
    assert not is_sealed(tmp_path / "a")


def test_a_flipped_bit_anywhere_makes_the_file_none_and_removes_it(tmp_path):
    path = tmp_path / "a"
    write(path)
    whole = path.read_bytes()
    for harmed in flipped(whole):
        path.write_bytes(harmed)
        assert open_sealed(path) is None
        assert not path.exists()


@pytest.mark.parametrize("size", [0, 1, 47, 48, 700, -1])
def test_a_file_cut_short_is_none(tmp_path, size):
    path = tmp_path / "a"
    write(path)
    path.write_bytes(path.read_bytes()[:size])
    assert open_sealed(path) is None


def test_a_file_without_a_digest_is_none(tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    assert open_sealed(tmp_path / "a") is None


def test_a_file_in_the_place_of_another_is_none(tmp_path):
    write(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert open_sealed(tmp_path / "b") is None


def test_a_file_that_was_found_whole_and_changed_since_is_looked_through_again(tmp_path, monkeypatch):
    monkeypatch.setattr("tier_assets.files.sealed._SETTLED_NS", -(10**18))
    path = tmp_path / "a"
    write(path)
    whole = path.read_bytes()
    assert open_sealed(path) is not None
    assert open_sealed(path) is not None
    path.write_bytes(b"?" + whole[1:])
    os.utime(path, ns=(1, 1))
    assert open_sealed(path) is None


def test_a_file_written_a_moment_ago_is_looked_through_again_though_its_times_say_nothing(tmp_path):
    path = tmp_path / "a"
    write(path)
    found = path.stat()
    assert open_sealed(path) is not None
    path.write_bytes(b"?" + path.read_bytes()[1:])
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert open_sealed(path) is None


def test_a_file_holds_what_is_noted_beside_it_until_a_bit_is_flipped(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    assert not is_sealed(path)
    seal_beside(path)
    assert is_sealed(path)
    for harmed in flipped(CONTENT):
        path.write_bytes(harmed)
        assert not is_sealed(path)
    path.write_bytes(CONTENT)
    assert is_sealed(path)


def test_a_flipped_bit_in_the_note_seals_nothing(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    seal_beside(path)
    note = tmp_path / "a.sha256"
    for harmed in flipped(note.read_bytes()):
        note.write_bytes(harmed)
        assert not is_sealed(path)
