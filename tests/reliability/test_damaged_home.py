"""A home in which something is broken or full: one line that names it, and a way back that loses nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.commands import answer, strata

KEY = "crawl.2026-08"


@pytest.fixture
def home(materialized, tmp_path):
    """A materialized home of the test's own."""
    return shutil.copytree(materialized, tmp_path / "home")


def line_of(command):
    assert command.wait() == 1, command.said
    assert len(command.said.splitlines()) == 1, command.said
    assert command.said.startswith("strata: ")
    return command.said


def texts(home):
    return sorted(row["text"] for row in answer(home, "read", "filtered")["rows"])


def log(home):
    return sorted((home / "lake" / "filtered" / "crawl" / "_delta_log").glob("*.json"))[-1]


def data_file(home):
    (path,) = (home / "lake" / "filtered" / "crawl").glob("partition=*/*.parquet")
    return path


@pytest.mark.parametrize(
    "command", [("status",), ("read", "filtered"), ("history", "filtered"), ("materialize", "filtered")]
)
def test_an_emptied_log_entry_is_no_lost_version_but_one_line(home, command):
    log(home).write_bytes(b"")
    assert f"the table's log cannot be read ({log(home).name}: it is empty)" in line_of(strata(home, *command))


def test_after_a_lost_log_entry_the_same_candidate_is_promoted_again_without_computing(home):
    before, history = texts(home), answer(home, "history", "filtered")["history"]
    log(home).rename(home / "moved away")
    assert answer(home, "status", "filtered")["rows"][0]["state"] == "absent"
    done = strata(home, "materialize", "filtered")
    assert done.wait() == 0, done.said
    (again,) = answer(home, "history", "filtered")["history"]
    assert again["candidate"] == history[0]["candidate"]
    assert texts(home) == before


def test_a_promoted_file_that_is_gone_makes_its_partition_stale_and_is_made_again(home):
    before = texts(home)
    data_file(home).unlink()
    assert "is gone: `strata materialize filtered -p crawl.2026-08` makes it again" in line_of(
        strata(home, "read", "filtered")
    )
    (row,) = answer(home, "status", "filtered")["rows"]
    assert (row["state"], row["version"]) == ("stale", 1)
    done = strata(home, "materialize", "filtered")
    assert done.wait() == 0, done.said
    assert texts(home) == before
    assert [entry["version"] for entry in answer(home, "history", "filtered")["history"]] == [2, 1]


def test_a_promoted_file_full_of_junk_is_one_line(home):
    data_file(home).write_bytes(b"PAR1" + bytes(data_file(home).stat().st_size - 8) + b"PAR1")
    assert "is not what was promoted: `strata materialize filtered" in line_of(strata(home, "read", "filtered"))


@pytest.mark.parametrize("name", ["dagster.yaml", "schedules/schedules.db", "history/runs.db", "event_log.db"])
def test_damaged_dagster_storage_is_one_line_and_without_it_dagster_is_told_anew(home, name):
    (home / "dagster" / name).write_bytes(b"{{{ junk " * 500)
    said = line_of(strata(home, "materialize", "filtered"))
    assert f"{home}/dagster: Dagster cannot use its settings or storage (" in said
    if name == "dagster.yaml":
        (home / "dagster").rename(home / "moved away")
        assert strata(home, "materialize", "filtered").wait() == 0
        assert [entry["version"] for entry in answer(home, "history", "filtered")["history"]] == [1]


@pytest.mark.parametrize(
    "content", [b"[raw\n", b"\xff\xfe\x00", b"[raw]\nmax_payload_bytes = -1\n", b"[rawr]\n"], ids=ascii
)
def test_a_policy_that_cannot_be_read_is_one_line(home, content):
    (home / "strata.toml").write_bytes(content)
    assert f"{home}/strata.toml: " in line_of(strata(home, "materialize"))


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/strata"])
def test_a_home_that_cannot_be_is_one_line(tmp_path, place):
    (tmp_path / "file").touch()
    line_of(strata(tmp_path / place, "init"))


@pytest.mark.parametrize("file_bytes", [10, 40_000])
def test_a_full_disk_is_one_line_and_with_room_again_all_is_well(landed, tmp_path, file_bytes):
    home = shutil.copytree(landed, tmp_path / "home")
    program = (
        "import resource, sys\n"
        "from tier_assets.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))\n"
        "main(sys.argv[2:])"
    )
    arguments = [sys.executable, "-c", program, str(file_bytes), "--home", str(home), "materialize", "raw"]
    root = Path(__file__).parents[2]
    full = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False, cwd=root)
    assert full.returncode == 1, full.stderr
    assert "Traceback" not in full.stderr
    assert [line for line in full.stderr.splitlines() if "disk" in line or "too large" in line], full.stderr
    done = strata(home, "materialize", "raw")
    assert done.wait() == 0, done.said
    assert [entry["version"] for entry in answer(home, "history", "raw")["history"]] == [1]
