import json
import os
import sys

import pytest

from tests.benchmarks.contenders.meter import Meter
from tests.benchmarks.processes import BenchmarkError, Run, measured
from tests.benchmarks.run import commit


def test_a_command_has_one_core_and_what_it_says_is_kept():
    ask = "import os; print(len(os.sched_getaffinity(0)))"
    run = measured([sys.executable, "-c", ask], cores=1, environment=os.environ)
    assert run.output == "1\n"
    assert run.cpu_seconds > 0


def test_what_outlives_a_command_is_waited_for_since_its_cpu_time_counts(tmp_path):
    done = tmp_path / "done"
    later = f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(done)!r}).touch()"
    orphan = f"[sys.executable, '-c', {later!r}], stdout=-3, stderr=-3"
    measured(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.Popen({orphan})"], cores=1, environment=os.environ
    )
    assert done.is_file()


def test_a_command_that_fails_is_quoted():
    with pytest.raises(BenchmarkError, match="ended with 1:\nno such page"):
        measured([sys.executable, "-c", "raise SystemExit('no such page')"], cores=1, environment=os.environ)


def test_speed_is_documents_by_cpu_second():
    assert Run(100, 0, 4.0, 0.0, 0, {}, {}).speed == 25.0


def test_a_contender_says_what_it_did_and_found(tmp_path):
    meter = Meter()
    meter.ready()
    with meter.stage("work"):
        sum(range(1000))
    meter.write(tmp_path / "out.json", documents=3, bytes_read=30, kept=["a"])
    found = Run(**json.loads((tmp_path / "out.json").read_text("utf-8")))
    assert (found.documents, found.bytes, found.result) == (3, 30, {"kept": ["a"]})
    assert found.stages["work"] <= found.cpu_seconds
    assert found.peak_bytes > 1_000_000


def test_the_commit_is_read_where_git_keeps_it(tmp_path):
    assert commit(tmp_path) == "unknown"
    (tmp_path / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit(tmp_path) == "unknown"
    (tmp_path / "packed-refs").write_text("# pack-refs\n0123456789abcdef refs/heads/main\n")
    assert commit(tmp_path) == "0123456789"
    (tmp_path / "refs" / "heads").mkdir(parents=True)
    (tmp_path / "refs" / "heads" / "main").write_text("fedcba9876543210\n")
    assert commit(tmp_path) == "fedcba9876"
    (tmp_path / "HEAD").write_text("abcdefabcdefabcdef\n")
    assert commit(tmp_path) == "abcdefabcd"
