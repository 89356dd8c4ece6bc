import os
import subprocess
import sys

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
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    names = {f".x.json.{int(gone.stdout)}.tmp", f".x.json.{os.getpid()}.tmp", "x.json", ".other.tmp"}
    for name in names:
        (tmp_path / name).touch()
    sweep_temporaries(tmp_path)
    assert names - {path.name for path in tmp_path.iterdir()} == {f".x.json.{int(gone.stdout)}.tmp"}
