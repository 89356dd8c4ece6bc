import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tier_assets.files.processes import Owner

ME = Owner.current()
OLDER = Owner(ME.boot, ME.pid, ME.started)


def test_this_process_is_alive_and_a_finished_one_is_not():
    assert ME.pid == os.getpid()
    assert ME.alive is True
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = Owner.of(child.pid)
    assert other.alive is True
    child.communicate(b"\n")
    assert other.alive is False


def test_a_pid_used_again_is_not_alive():
    assert replace(ME, started="1").alive is False


@pytest.mark.parametrize("elsewhere", [{"boot": "another"}, {"namespace": "1"}], ids=["machine", "container"])
def test_of_another_machine_or_container_proc_tells_nothing(elsewhere):
    assert replace(ME, **elsewhere).alive is None
    assert replace(ME, pid=2**22 + 1, **elsewhere).alive is None


@pytest.mark.parametrize(
    ("owner", "alive"),
    [(OLDER, True), (replace(OLDER, started="1"), False), (replace(OLDER, boot="another"), False)],
    ids=["alive", "pid used again", "of another boot"],
)
def test_an_owner_that_an_older_version_wrote_is_known_by_boot_pid_and_start(owner, alive):
    assert owner.alive is alive


def test_the_mark_in_a_file_name_names_the_process_again():
    assert "." not in ME.mark
    assert Owner.of_mark(ME.mark) == ME


def test_the_mark_of_another_boot_is_of_a_process_that_is_not_shown_here():
    assert Owner.of_mark(replace(ME, boot="00000000-0000").mark).alive is None


def test_a_mark_of_an_older_version_is_a_pid_and_anything_else_names_nobody():
    assert Owner.of_mark(str(ME.pid)) == ME
    assert Owner.of_mark("other") is None
    assert Owner.of_mark("a-b-c-d") is None


def test_only_this_process_is_this_process():
    assert replace(ME, lease="any").is_this_process
    assert not Owner.of(os.getppid()).is_this_process
    assert not replace(ME, namespace="1").is_this_process
