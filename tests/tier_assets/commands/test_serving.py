import fcntl
import socket

import pytest

from tests.served import served, until
from tier_assets.cli import main
from tier_assets.home import Home


def complaint(capsys, *arguments):
    """What `strata ui` says when it does not start, and its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(["ui", *map(str, arguments)])
    return ended.value.code, capsys.readouterr().err


def test_the_port_is_checked_before_anything_starts(tmp_path, capsys):
    status, said = complaint(capsys, "--port", 0, "--home", tmp_path)
    assert status == 2
    assert "is not in the range 1<=x<=65535" in said


@pytest.mark.parametrize("listening", [True, False])
def test_a_port_that_is_taken_is_one_clear_line(tmp_path, capsys, listening):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listening:
            other.listen()
        port = other.getsockname()[1]
        assert complaint(capsys, "--port", port, "--home", tmp_path) == (
            1,
            f"strata: port {port} cannot be used (Address already in use): another UI may run there; choose one with "
            "--port\n",
        )


def test_a_second_ui_on_a_home_is_told_where_the_first_is(tmp_path, capsys):
    home = Home(tmp_path)
    home.ui_lock.write_text("http://127.0.0.1:3000")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with home.ui_lock.open() as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        assert complaint(capsys, "--port", port, "--home", tmp_path) == (
            1,
            "strata: a UI runs on this home already, at http://127.0.0.1:3000: use that, or end it first\n",
        )


def taken(lock):
    """Whether another process holds the lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def test_ctrl_c_ends_it_and_all_its_processes_even_as_the_background_job_of_a_strange_environment(tmp_path):
    home = Home(tmp_path / "home")
    with served(home) as server, home.ui_lock.open() as lock:
        assert len(server.processes()) >= 4
        assert taken(lock)
        assert server.interrupt() == 0
        until(lambda: not server.processes())
        assert not taken(lock)
        said = server.log.read_text()
    assert said.startswith(f"the UI opens in some seconds: {server.url} (home {home.root}); Ctrl-C ends it\n")
    for noise in ("Traceback", "PreviewWarning", "SupersessionWarning", " INFO "):
        assert noise not in said
