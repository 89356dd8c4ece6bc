import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from resources import embedded_child
from resources.embedded_server import EmbeddedLanguageModel

CHILD = [sys.executable, "-I", embedded_child.__file__]
PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdin.write(sys.stdin.readline())
child.stdin.flush()
print(child.stdout.readline().strip(), child.pid, flush=True)
time.sleep(600)
"""


def settings(gguf: Path) -> str:
    return (
        json.dumps({"gguf": str(gguf), "name": "m", "slots": 1, "context_tokens": 256, "threads": 1, "key": "k"}) + "\n"
    )


def ended(pid: int) -> bool:
    """Waits until a process that is not ours to wait for has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 20)[0])
    finally:
        os.close(descriptor)


def test_a_file_that_is_no_model_is_answered_by_an_error_and_the_child_ends(tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"GGUF and then nothing of use" * 100)
    done = subprocess.run(CHILD, input=settings(tmp_path / "bad.gguf"), capture_output=True, text=True, check=True)
    assert "error" in json.loads(done.stdout)


@pytest.mark.model
def test_it_serves_until_stdin_ends_and_says_nothing_else():
    with subprocess.Popen(CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdin.write(settings(EmbeddedLanguageModel().path).encode())
        child.stdin.flush()
        url = json.loads(child.stdout.readline())["url"]
        assert url.startswith("http://127.0.0.1:")
        listed = httpx.get(f"{url}/models", headers={"Authorization": "Bearer k"}, trust_env=False)
        assert [model["id"] for model in listed.json()["data"]] == ["m"]
        child.stdin.close()
        assert child.wait(20) == 0
        assert (child.stdout.read(), child.stderr.read()) == (b"", b"")


@pytest.mark.model
def test_a_parent_killed_by_9_leaves_no_server_behind():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        parent.stdin.write(settings(EmbeddedLanguageModel().path))
        parent.stdin.flush()
        pid = int(parent.stdout.readline().split()[-1])
        parent.send_signal(signal.SIGKILL)
    assert ended(pid)
