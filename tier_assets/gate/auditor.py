"""The process that audits: started once, asked often, gone with this process. What it does is in `auditor_child.py`.

Great Expectations and what it needs take more memory than a tier's pages. In a process of their own they are loaded while
pages are read, and never beside them.
"""

import atexit
import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tier_assets.errors import StrataError

_CHILD = Path(__file__).with_name("auditor_child.py")
_lock = threading.Lock()
_processes: list[subprocess.Popen[str]] = []


class AuditorError(StrataError):
    """The process that audits ended before it answered."""


def start() -> None:
    """Start the process if there is none. Its first answer takes a second or two: start it before there is a question."""
    with _lock:
        _running()


def ask(what: str, **given: Any) -> Any:
    """The answer of the function of that name. Raises AuditorError where the process ends instead, saying why on stderr."""
    with _lock:
        process = _running()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps({"what": what, "given": given}) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            end()
            raise AuditorError(
                f"the process that audits ended with status {process.returncode} and nothing is promoted: "
                f"see what it said, then materialize again"
            )
        return json.loads(answer)


def _running() -> subprocess.Popen[str]:
    if not _processes:
        _processes.append(
            subprocess.Popen(
                # -P: else the script's folder comes first on the path, and its modules hide the libraries'.
                [sys.executable, "-P", "-W", "ignore", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="ascii",
                # Ctrl-C goes to all processes of a terminal; this one ends when its pipe does.
                start_new_session=True,
            )
        )
    return _processes[0]


@atexit.register
def end() -> None:
    """End the process, if there is one."""
    while _processes:
        process = _processes.pop()
        for pipe in (process.stdin, process.stdout):
            assert pipe
            with contextlib.suppress(OSError):  # where it ended first, a question that nobody will answer
                pipe.close()
        process.wait()
