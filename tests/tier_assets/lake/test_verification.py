import os

import pytest

from tier_assets.files.digests import file_digest
from tier_assets.lake.candidates import StagedFile
from tier_assets.lake.log_index import LogIndex
from tier_assets.lake.verification import Verifier


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"rows")
    return path, StagedFile("a.parquet", 4, 1, file_digest(path), path.stat().st_mtime_ns)


@pytest.fixture
def verifier(tmp_path):
    return Verifier(LogIndex(tmp_path))


def glance(verifier, file):
    path, staged = file
    return verifier.glance(path, staged, lambda: staged.sha256, 0)


def verify(verifier, file):
    path, staged = file
    return verifier.verify(path, staged, lambda: staged.sha256)


def test_what_was_promoted_is_right(verifier, file):
    assert (glance(verifier, file), verify(verifier, file)) == ("", "")


def test_a_file_that_is_gone_or_shorter_is_damage_at_first_sight(verifier, file):
    file[0].write_bytes(b"row")
    assert (glance(verifier, file), verify(verifier, file)) == ("is cut short", "is cut short")
    file[0].unlink()
    assert (glance(verifier, file), verify(verifier, file)) == ("is gone", "is gone")


def test_a_change_that_its_time_does_not_tell_is_found_by_reading(verifier, file):
    file[0].write_bytes(b"rowz")
    os.utime(file[0], ns=(0, file[1].changed))
    assert glance(verifier, file) == ""
    assert verify(verifier, file) == "is not what was promoted"


def test_damage_that_was_found_by_reading_shows_at_first_sight_from_then_on(tmp_path, verifier, file):
    right = file[0].read_bytes()
    for data, verdict in ((b"rowz", "is not what was promoted"), (right, "")):
        file[0].write_bytes(data)
        os.utime(file[0], ns=(0, file[1].changed))
        assert verify(verifier, file) == verdict
        assert glance(verifier, file) == verdict
        assert glance(Verifier(LogIndex(tmp_path)), file) == verdict


def test_a_file_of_another_time_is_read_and_remembered_where_it_is_right(tmp_path, verifier, file):
    os.utime(file[0], ns=(0, 17))
    assert glance(verifier, file) == ""
    file[0].chmod(0o644)
    assert LogIndex(tmp_path).checked(file[0], 4, 17) == file[1].sha256
    file[0].write_bytes(b"rowz")
    assert glance(Verifier(LogIndex(tmp_path)), file) == "is not what was promoted"


def test_a_file_whose_digest_nobody_knows_any_more_cannot_be_verified(verifier, file):
    path, staged = file
    assert "cannot be verified" in verifier.verify(path, staged, lambda: "")
