"""`strata ui`: Dagster's web server and daemon on the home."""

import fcntl
import os
import signal
import socket
import sys
from pathlib import Path

import click

from tier_assets.commands.face import Session
from tier_assets.commands.options import common
from tier_assets.errors import StrataError
from tier_assets.home import Home

_HOST = "127.0.0.1"


@click.command()
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port on this machine.")
@common
def ui(port: int) -> None:
    """Open the Dagster UI and daemon on this home, for this machine only (it has no authentication)."""
    # Late, as in running.py: `strata ui --help` and a port that is taken need no Dagster.
    from tier_assets.definitions import dagster_environment, orchestrator

    session = Session.open()
    _check_port(port)
    _claim(session.home, f"http://{_HOST}:{port}")
    with orchestrator(session.home).instance() as instance:
        orchestrator(session.home).prepare(instance, list(session.arrivals()), session.say, everything=True)
    session.say(f"the UI opens in some seconds: http://{_HOST}:{port} (home {session.home.root}); Ctrl-C ends it")
    dagster = str(Path(sys.executable).with_name("dagster"))
    # The workspace names folders relative to the project.
    os.chdir(Path(__file__).parents[2])
    # A background job of a script inherits an ignored SIGINT; Dagster would then heed neither it nor SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stderr.flush()
    arguments = ["dev", "-h", _HOST, "-p", str(port), "-w", "workspace.yaml", "--log-level", "warning"]
    os.execve(dagster, [dagster, *arguments], dagster_environment(session.home))


def _check_port(port: int) -> None:
    """Raises StrataError where nobody can listen; Dagster itself would say so in a traceback."""
    with socket.socket() as probe:
        # As the web server does: a connection that lingers from the last one is in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
            probe.listen()
        except OSError as error:
            raise StrataError(
                f"port {port} cannot be used ({error.strerror}): another UI may run there; choose one with --port"
            ) from None


def _claim(home: Home, address: str) -> None:
    """Make this process the home's only UI, through the exec and until it ends: two daemons would start all runs twice.

    Raises StrataError where there is one already.
    """
    descriptor = os.open(home.ui_lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with os.fdopen(descriptor) as lock:
            raise StrataError(f"a UI runs on this home already, at {lock.read()}: use that, or end it first") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, address.encode())
    os.set_inheritable(descriptor, True)
