"""Processes in a pid namespace and a /proc of their own, as in a container: what they share with others is the disk."""

import ctypes
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

_NEW_MOUNTS, _NEW_PIDS = 0x20000, 0x20000000
_RECURSIVE, _PRIVATE = 0x4000, 0x40000
_DIE_WITH_PARENT = 1
_KILLED = 128 + signal.SIGKILL


def permitted() -> bool:
    """Whether this process may make namespaces; mostly root alone may."""
    made = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, check=False)
    return made.returncode == 0


def contained(work: Callable[[], None]) -> None:
    """Do `work` in a container, as its second process, and end as it ends: with its status, or killed. Does not return."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS | _NEW_PIDS):
        raise OSError(ctypes.get_errno(), "unshare")
    init = os.fork()
    if not init:
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
        libc.mount(b"proc", b"/proc", b"proc", 0, None)
        # The first process of a namespace ignores its own signals: another one does the work.
        worker = os.fork()
        if not worker:
            _do(work)
        os._exit(_ended(worker))
    status = _ended(init)
    if status == _KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    sys.exit(status)


def worker_in(outer: int) -> int:
    """The pid, as seen from here, of the process that does the work in the container of a process; 0 while there is none."""
    for _ in range(2):
        children = Path(f"/proc/{outer}/task/{outer}/children")
        outer = int(next(iter(children.read_text().split()), 0)) if children.exists() else 0
    return outer


def _ended(pid: int) -> int:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def _do(work: Callable[[], None]) -> None:
    """Do the work, then end with its status, whatever it raises, and without what the parent does when it ends."""
    status = 1
    try:
        work()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        if status and sys.exc_info()[0] not in (None, SystemExit):
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
