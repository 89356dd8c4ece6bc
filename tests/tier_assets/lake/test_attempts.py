import json

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
    raw = json.loads(path.read_text())
    raw["owner"]["started"] = "0"
    path.write_text(json.dumps(raw))
    assert attempts.read().state == "failed"
    assert "killed" in attempts.read().message


def test_a_damaged_file_counts_as_none(tmp_path):
    (tmp_path / "_attempts").mkdir()
    (tmp_path / "_attempts" / "crawl.1.json").write_text("{")
    assert Attempts(tmp_path, "crawl.1").read() is None
