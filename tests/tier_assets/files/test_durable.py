import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tier_assets.files.durable import (
    locked,
    sweep_temporaries,
    sync_file,
    sync_folder,
    write_durably,
    write_json,
    write_text,
)
from tier_assets.files.processes import Owner


def test_a_name_never_leads_to_half_a_file(tmp_path):
    target = tmp_path / "x.txt"
    write_text(target, "whole")

    def fail(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_durably(target, fail)
    assert target.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_json_is_written_readably_and_sorted(tmp_path):
    write_json(tmp_path / "a" / "x.json", {"b": 1, "a": "é"})
    assert (tmp_path / "a" / "x.json").read_text("utf-8") == '{\n "a": "é",\n "b": 1\n}\n'


def test_files_and_folders_can_be_synced(tmp_path):
    (tmp_path / "x").write_text("x")
    sync_file(tmp_path / "x")
    sync_folder(tmp_path)


def test_a_lock_excludes_other_processes(tmp_path):
    path = tmp_path / ".lock"
    program = "import fcntl,sys\nwith open(sys.argv[1],'a') as f: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with locked(path):
        assert subprocess.run([sys.executable, "-c", program, path], capture_output=True, check=False).returncode == 1
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == 0


def test_temporary_files_of_killed_processes_are_swept_and_those_of_live_ones_stay(tmp_path):
    me = Owner.current()
    gone = subprocess.Popen(["true"])
    dead = Owner.of(gone.pid)
    gone.wait()
    swept = {f".x.json.{mark}.tmp" for mark in (dead.mark, dead.pid, replace(me, started="1").mark)}
    stay = {f".x.json.{mark}.tmp" for mark in (me.mark, me.pid, replace(dead, namespace="1").mark)}
    for name in {*swept, *stay, "x.json", ".other.tmp"}:
        (tmp_path / name).touch()
    sweep_temporaries(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*stay, "x.json", ".other.tmp"}


def test_a_temporary_file_of_another_container_is_swept_when_nothing_was_written_to_it_for_a_day(tmp_path):
    path = tmp_path / f".x.json.{replace(Owner.current(), namespace='1').mark}.tmp"
    path.touch()
    os.utime(path, (time.time() - 90_000,) * 2)
    sweep_temporaries(tmp_path)
    assert list(tmp_path.iterdir()) == []
