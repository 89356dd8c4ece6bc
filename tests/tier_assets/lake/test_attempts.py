import pytest

from tier_assets.files.documents import read_document, write_document
from tier_assets.files.leases import leases_of
from tier_assets.lake.attempts import Attempts


def test_a_running_try_is_seen_and_ends(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1", leases_of(tmp_path))
    attempts.begin("run-1")
    assert attempts.read().state == "running"
    assert Attempts.partitions(tmp_path) == ["crawl.1"]
    attempts.end()
    assert attempts.read() is None


def test_a_failed_try_keeps_its_message(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1", leases_of(tmp_path))
    attempts.fail("run-1", "the server said no")
    assert (attempts.read().state, attempts.read().message) == ("failed", "the server said no")


def test_a_try_whose_process_vanished_has_failed(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1", leases_of(tmp_path))
    attempts.begin("run-1")
    path = tmp_path / "_attempts" / "crawl.1.json"
    raw = read_document(path)
    raw["owner"]["started"] = "0"
    write_document(path, raw)
    assert attempts.read().state == "failed"
    assert "killed" in attempts.read().message


@pytest.mark.parametrize("harm", ["", "{}", "[]", "null", "{'state'", "\0\0"])
def test_an_unusable_file_is_a_failed_try_that_names_it(tmp_path, harm):
    attempts = Attempts(tmp_path, "crawl.1", leases_of(tmp_path))
    attempts.begin("run-1")
    path = tmp_path / "_attempts" / "crawl.1.json"
    path.write_text(harm)
    assert (attempts.read().state, str(path) in attempts.read().message) == ("failed", True)
    attempts.end()
    assert attempts.read() is None


def test_a_try_in_another_container_runs_as_long_as_nothing_else_is_known(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1", leases_of(tmp_path))
    attempts.begin("run-1")
    elsewhere(tmp_path)
    assert attempts.read().state == "running"
    (lease,) = (tmp_path / "_leases").iterdir()
    lease.unlink()
    assert attempts.read().state == "failed"
    attempts.begin("run-2")
    assert attempts.read().run_id == "run-2"


def test_who_was_taken_over_does_not_touch_the_try_of_the_other(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1", leases_of(tmp_path))
    attempts.begin("run-2")
    elsewhere(tmp_path)
    attempts.fail("run-1", "taken for dead")
    attempts.end()
    assert (attempts.read().state, attempts.read().run_id) == ("running", "run-2")


def elsewhere(tmp_path):
    """Let the try be one of a process of another container."""
    path = tmp_path / "_attempts" / "crawl.1.json"
    raw = read_document(path)
    raw["owner"]["namespace"] = "1"
    write_document(path, raw)
