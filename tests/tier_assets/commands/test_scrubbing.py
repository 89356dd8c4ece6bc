import json

import pytest

from tier_assets.cli import main
from tier_assets.home import Home
from tier_assets.lake.lake import Lake


@pytest.fixture
def home(tmp_path, key, documents):
    """A home with one promoted version."""
    home = Home(tmp_path / "home")
    home.prepare()
    lake = Lake(home.lake)
    lake.promote(lake.stage("filtered", key, documents("x"), basis=0, parts={"code": "1"}))
    return home


@pytest.fixture
def run(home, capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--home", str(home.root)])
        return ended.value.code, capsys.readouterr().out

    return run


def test_a_sound_home_is_one_line(run):
    assert run("scrub") == (0, "8 files looked at, 0 damaged\n")
    assert run("scrub", "--json") == (0, '{"checked": 8, "damaged": []}\n')


def test_damage_is_a_line_each_and_exit_status_1(run, home, key):
    (data,) = (home.lake / "filtered" / "crawl").glob("partition=*/*.parquet")
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    remedy = f"`strata materialize filtered -p {key}`"
    line = f"{data}: is not what was promoted; {remedy}"
    assert run("scrub", "filtered") == (1, f"{line}\n6 files looked at, 1 damaged\n")
    code, out = run("scrub", "--json")
    damage = {"path": str(data), "what": "is not what was promoted", "remedy": remedy}
    assert (code, json.loads(out)) == (1, {"checked": 8, "damaged": [damage]})
    assert run("scrub", "raw") == (0, "1 files looked at, 0 damaged\n")
