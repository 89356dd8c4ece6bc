"""`make demo`: lands the sample crawl and the reference pages, materializes L0 to L4, shows what happened.

Everything goes through the `strata` command, as a user would type it. Nothing is downloaded: the crawl is packed from this
folder, the reference pages are made from the documentation of the Python at hand.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

import build  # noqa: E402 - beside this script, which is no package
import pydoc_pages  # noqa: E402

QUESTION = "lighthouse"


def main(home: Path) -> int:
    """Run the demo on a home; returns the exit status of `strata materialize`."""
    started = time.monotonic()
    command = [str(Path(sys.executable).with_name("strata")), "--home", str(home)]
    if not (home / "strata.toml").exists():
        home.mkdir(parents=True, exist_ok=True)
        for name in ("strata.toml", "labels.jsonl"):
            shutil.copy(FOLDER / name, home / name)
    say("1. Land: a crawl of two snapshots written for this project, and the pages of pydoc as the reference source")
    with tempfile.TemporaryDirectory() as folder:
        for path in [*build.build(Path(folder) / "crawl"), *pydoc_pages.build(Path(folder) / "pydoc")]:
            partition = path.name.split(".warc")[0].split(".jsonl")[0]
            if partition != f"{build.SOURCE}.{build.LATER}":
                run([*command, "land", partition, str(path)])
    say("2. Materialize: raw, filtered, selected, refined, organized; a small language model runs on this machine")
    status = run([*command, "materialize"])
    say(f"3. Look up {QUESTION!r} among the verified facts")
    run([*command, "lookup", QUESTION, "--limit", "3"])
    say(f"Done in {time.monotonic() - started:.0f} s. Worth trying next, with the home {home}:")
    strata = f".venv/bin/strata --home {home}"
    print(f"  {strata} read filtered -p crawl.2026-08 --decisions     # why is a page not there?")
    print(
        f"  {strata} materialize --plan                             # edit {home}/strata.toml first: what is stale now?"
    )
    print("  make ui                                                 # the same lake and history in the Dagster UI")
    return status


def run(command: list[str]) -> int:
    """Run a command with its output shown; returns its exit status."""
    return subprocess.run(command, check=False).returncode


def say(line: str) -> None:
    """A heading."""
    print(f"\n{line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
