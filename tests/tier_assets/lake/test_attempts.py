import pytest

from tier_assets.files.documents import read_document, write_document
from tier_assets.lake.attempts import Attempts


def test_a_running_try_is_seen_and_ends(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1")
    attempts.begin("run-1")
    assert attempts.read().state == "running"
    assert Attempts.partitions(tmp_path) == ["crawl.1"]
    attempts.end()
    assert attempts.read() is None


def test_a_failed_try_keeps_its_message(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1")
    attempts.fail("run-1", "the server said no")
    assert (attempts.read().state, attempts.read().message) == ("failed", "the server said no")


def test_a_try_whose_process_vanished_has_failed(tmp_path):
    attempts = Attempts(tmp_path, "crawl.1")
    attempts.begin("run-1")
    path = tmp_path / "_attempts" / "crawl.1.json"
    raw = read_document(path)
    raw["owner"]["started"] = "0"
    write_document(path, raw)
    assert attempts.read().state == "failed"
    assert "killed" in attempts.read().message


@pytest.mark.parametrize("harm", ["", "{}", "[]", "null", "{'state'", "\0\0"])
def test_an_unusable_file_is_a_failed_try_that_names_it(tmp_path, harm):
    attempts = Attempts(tmp_path, "crawl.1")
    attempts.begin("run-1")
    path = tmp_path / "_attempts" / "crawl.1.json"
    path.write_text(harm)
    assert (attempts.read().state, str(path) in attempts.read().message) == ("failed", True)
    attempts.end()
    assert attempts.read() is None
