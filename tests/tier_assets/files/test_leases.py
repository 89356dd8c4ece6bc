import os
import subprocess
import sys
from dataclasses import replace

from tier_assets.files.leases import Owner


def test_this_process_is_alive_and_a_finished_one_is_not():
    me = Owner.current()
    assert me.pid == os.getpid()
    assert me.alive
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = replace(me, pid=child.pid, started="")
    child.communicate(b"\n")
    assert not other.alive


def test_a_pid_of_another_boot_or_used_again_is_not_alive():
    assert not replace(Owner.current(), boot="another").alive
    assert not replace(Owner.current(), started="1").alive
