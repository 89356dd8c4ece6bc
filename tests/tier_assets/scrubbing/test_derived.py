import sqlite3

import polars as pl
import pytest

from tier_assets.completions import CompletionCache
from tier_assets.files.digests import file_digest
from tier_assets.files.sealed import write_sealed
from tier_assets.home import Home
from tier_assets.inference import Completion
from tier_assets.l4_organized.index import FactIndex
from tier_assets.schemas import ROWS
from tier_assets.scrubbing.derived import scrub_derived
from tier_assets.tiers import Tier

ANSWER = Completion("yes", "stop", 3, 1)


@pytest.fixture
def home(tmp_path):
    """A home with one derived file of each kind."""
    home = Home(tmp_path)
    home.prepare()
    (home.models / "new").write_bytes(b"a scorer")
    (home.models / "new").rename(home.models / f"{file_digest(home.models / 'new')}.bin")
    write_sealed(home.lake / "_cache" / "measured" / "a.parquet", lambda path: path.write_bytes(b"PAR1" * 9))
    cache = CompletionCache(home.completions)
    cache.put("a" * 64, "model", ANSWER)
    cache.put("b" * 64, "model", ANSWER)
    cache.close()
    FactIndex(home.facts).refresh({"crawl.1": "digest"}, lambda _: pl.DataFrame(schema=ROWS[Tier.ORGANIZED].polars))
    return home


def found(home):
    return [damage for damage in scrub_derived(home) if damage]


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_every_derived_file_is_looked_at(home):
    assert list(scrub_derived(home)) == [None, None, None, None]


def test_a_damaged_scorer_is_named_and_left(home):
    (path,) = home.models.iterdir()
    flip(path)
    assert [(damage.path, damage.remedy) for damage in found(home)] == [(path, "`strata train`")]
    assert path.exists()


def test_a_damaged_cached_file_is_named_and_removed(home):
    path = home.lake / "_cache" / "measured" / "a.parquet"
    flip(path)
    (damage,) = found(home)
    assert damage.path == path
    assert damage.remedy == "nothing: it was removed, and is made again when it is needed"
    assert not path.exists()
    assert found(home) == []


def test_a_damaged_answer_is_named_and_removed_and_the_others_stay(home):
    with sqlite3.connect(home.completions) as connection:
        connection.execute("update completions set text = 'no' where prompt like 'a%'")
    connection.close()
    (damage,) = found(home)
    assert (damage.path, damage.what) == (home.completions, "1 of its answers are not what was kept")
    cache = CompletionCache(home.completions)
    assert cache.get("a" * 64, "model") is None
    assert cache.get("b" * 64, "model").text == "yes"
    cache.close()
    assert found(home) == []


def test_a_file_of_answers_whose_structure_is_damaged_is_moved_aside(home):
    home.completions.write_bytes(b"junk " * 2000)
    assert [damage.what for damage in found(home)] == ["its structure is damaged"]
    assert home.completions.with_name("completions.sqlite.damaged-1").exists()
    assert found(home) == []


@pytest.mark.parametrize("name", ["facts.sqlite", "facts.sqlite.sha256"])
def test_a_damaged_index_of_facts_is_named(home, name):
    flip(home.facts.with_name(name))
    assert [(damage.path, damage.what) for damage in found(home)] == [(home.facts, "it is not as it was sealed")]


def test_a_new_home_has_nothing_to_look_at(tmp_path):
    assert list(scrub_derived(Home(tmp_path / "new"))) == []
