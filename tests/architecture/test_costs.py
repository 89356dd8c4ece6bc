"""What a command costs follows what it is asked for, rule 9 of the architecture: what it opens and lists is counted, over a
home of 50 partitions that are current in all tiers.
"""

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.growth import TEXT, grow, promote
from tier_assets.cli import main
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.looks import LOOKS
from tier_assets.landing.zone import LandingZone
from tier_assets.planning import CONTRACTS
from tier_assets.policy_book import PolicyBook
from tier_assets.tiers import Tier

PARTITIONS = 50
ONE = "crawl-1.000021"
_EVENTS = ("open", "os.scandir", "os.listdir")


class Looks:
    """What was opened or listed below a home, by path relative to it."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root}/"
        self.counts: Counter[str] = Counter()
        self.on = False
        # A hook of the interpreter's cannot be taken away again: it only stops counting.
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event in _EVENTS and str(arguments[0]).startswith(self._root):
            self.counts[str(arguments[0]).removeprefix(self._root)] += 1

    @contextmanager
    def counting(self) -> Iterator[None]:
        self.counts.clear()
        self.on = True
        try:
            yield
        finally:
            self.on = False

    def partitions(self) -> set[str]:
        """Partitions whose landing folder was looked into."""
        parts = (path.split("/") for path in self.counts)
        return {
            f"{each[1]}.{each[2]}" for each in parts if each[0] == "landing" and len(each) > 2 and each[1] != ".locks"
        }

    def of(self, *words: str) -> Counter[str]:
        """Those with all of these words in their path."""
        return Counter({path: count for path, count in self.counts.items() if all(word in path for word in words)})


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("grown") / "home")
    grow(home, PARTITIONS)
    # What changed within a second before a look is not kept.
    LandingZone(home.landing).survey(0, time.time() + 60)
    # The first command after the home was made may note what it sees for the next ones.
    strata(home, "status")
    return home


@pytest.fixture(scope="module")
def look(grown):
    """A function that gives a command and returns what it looked at."""
    looks = Looks(grown.root)

    def call(*arguments: str) -> Looks:
        with looks.counting():
            strata(grown, "--json", *arguments)
        return looks

    return call


def strata(home: Home, *arguments: str) -> None:
    """Give a command that succeeds."""
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home.root), *arguments])
    assert ended.value.code == 0


def test_every_partition_of_a_grown_home_is_current(look, capsys):
    look("status")
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert Counter(row["state"] for row in rows) == {"current": 5 * PARTITIONS}
    assert {(row["version"], row["rows_in"], row["rows_kept"]) for row in rows} == {(1, 1, 1)}


@pytest.mark.parametrize("arguments", [("status",), ("materialize",), ("materialize", "--plan")], ids=" ".join)
def test_one_partition_is_asked_for_and_no_other_landing_folder_is_looked_into(look, arguments):
    assert look(*arguments, "-p", ONE).partitions() == {ONE}


@pytest.mark.parametrize("arguments", [("status",), ("materialize",), ("materialize", "--plan")], ids=" ".join)
def test_one_partition_is_asked_for_and_no_other_manifest_is_read(look, arguments):
    manifests = look(*arguments, "-p", ONE).of("/_candidates/")
    assert [path for path in manifests if ONE not in path and "scorers" not in path] == []


@pytest.mark.parametrize("arguments", [("status",), ("materialize",), ("materialize", "--plan")], ids=" ".join)
def test_a_look_at_all_opens_nothing_in_a_landing_folder_in_which_nothing_has_changed(look, arguments):
    looks = look(*arguments)
    for name in ("/_SUCCESS", "/_digests.json", "pages.jsonl"):
        assert looks.of("landing/", name) == {}


@pytest.mark.parametrize("arguments", [("status",), ("materialize",), ("materialize", "--plan")], ids=" ".join)
def test_a_first_look_at_all_opens_each_landed_marker_and_each_note_of_digests_once(grown, look, arguments):
    (grown.landing / LOOKS).unlink()
    looks = look(*arguments)
    for name in ("/_SUCCESS", "/_digests.json"):
        assert Counter(looks.of("landing/", name).values()) == {1: PARTITIONS}
    assert looks.of("landing/", "pages.jsonl") == {}


@pytest.mark.parametrize("arguments", [("status",), ("materialize",), ("materialize", "--plan")], ids=" ".join)
def test_a_look_at_all_reads_a_manifest_once_at_most(look, arguments):
    assert set(look(*arguments).of("/_candidates/", ".json").values()) <= {1}


def test_one_new_partition_is_run_without_looking_at_the_others_again(grown, tmp_path, look):
    home = Home(tmp_path / "home")
    shutil.copytree(grown.root, home.root)
    page = tmp_path / "pages.jsonl"
    page.write_text(json.dumps({"text": TEXT}) + "\n")
    looks = Looks(home.root)
    strata(home, "land", "crawl-0.000099", str(page))
    with looks.counting():
        strata(home, "materialize", "raw")
    # The copy's files have times of their own, so each is looked into anew: once.
    others = {path: count for path, count in looks.of("landing/", "/_SUCCESS").items() if "000099" not in path}
    assert Counter(others.values()) == {1: PARTITIONS}


@pytest.mark.parametrize("arguments", [("status",), ("materialize",), ("materialize", "--plan")], ids=" ".join)
def test_one_partition_is_asked_for_and_only_its_own_logs_are_listed_and_not_read_again(look, arguments):
    looks = look(*arguments, "-p", ONE).of("/_delta_log")
    listed = {path.split("/")[2] for path in looks}
    assert listed <= {ONE.split(".", maxsplit=1)[0], "quality"}
    assert [path for path in looks if path.endswith(".json")] == []
    assert max(looks.values(), default=0) <= 2


@pytest.mark.parametrize("arguments", [("status",), ("materialize",), ("materialize", "--plan")], ids=" ".join)
def test_a_look_at_all_lists_each_log_twice_at_most_and_reads_no_entry_again(look, arguments):
    looks = look(*arguments).of("/_delta_log")
    assert [path for path in looks if path.endswith(".json")] == []
    assert max(looks.values(), default=0) <= 2


def test_a_promotion_reads_no_more_of_the_log_than_what_is_new(grown, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(grown.root, home.root)
    looks, book = Looks(home.root), PolicyBook.read(home.policy)
    contract, lake = CONTRACTS[Tier.RAW], Lake(home.lake)
    counts = []
    for number in range(3):
        with looks.counting():
            promote(lake, contract, PartitionKey("crawl-0", f"9{number}"), {"code": "1"}, book)
        counts.append(looks.of("/raw/crawl-0/_delta_log").total())
    assert counts[1:] == [counts[1]] * 2
    # Listed, and the new entry synced and read, by each of the looks that the protocol takes.
    assert counts[1] <= 12
