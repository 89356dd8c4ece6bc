import pytest

from tier_assets.home import Home
from tier_assets.inference import silent
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.scrubbing.whole import scrub


@pytest.fixture
def home(tmp_path, key, documents):
    """A home with one landed file and one promoted version."""
    home = Home(tmp_path / "home")
    home.prepare()
    page = tmp_path / "pages.jsonl"
    page.write_text('{"text": "x"}\n')
    LandingZone(home.landing).land(key, [page])
    lake = Lake(home.lake)
    lake.promote(lake.stage("filtered", key, documents("x"), basis=0, parts={"code": "1"}))
    return home


def test_all_of_a_home_is_looked_at_and_told(home):
    told = []
    findings = scrub(home, [], lambda *how_far: told.append(how_far))
    # The policy and Dagster's settings; a landed file, its listing and notes; the index, two entries, rows and decisions,
    # and a manifest.
    assert (findings.checked, findings.damaged, findings.sentences) == (2 + 3 + 6, [], [])
    assert len(told) == 11
    assert {what for _, _, what in told} == {"files looked at"}


def test_damage_of_every_part_is_told_with_its_remedy(home, key):
    (home.landing / "crawl" / "2026-08" / "pages.jsonl").write_text('{"text": "y"}\n')
    (data,) = (home.lake / "filtered" / "crawl").glob("partition=*/*.parquet")
    data.unlink()
    home.policy.write_text("[rawr]\n")
    findings = scrub(home, [], silent)
    assert [damage.path.name for damage in findings.damaged] == ["strata.toml", "pages.jsonl", data.name]
    assert findings.sentences[-1] == f"{data}: is gone; `strata materialize filtered -p {key}`"


def test_of_one_tier_its_tables_alone_are_looked_at(home):
    home.policy.write_text("[rawr]\n")
    assert scrub(home, ["filtered"], silent).damaged == []
    assert scrub(home, ["filtered"], silent).checked == 6
    assert scrub(home, ["raw"], silent).checked == 1


def test_what_was_moved_aside_or_is_named_by_nothing_is_no_damage(home):
    (home.lake / "_cache").mkdir()
    (home.lake / "_cache" / "completions.sqlite.damaged-1").write_bytes(b"junk")
    (home.lake / "filtered" / "crawl" / "partition=crawl.2026-08" / "stray.parquet").write_bytes(b"PAR1")
    assert scrub(home, [], silent).damaged == []
