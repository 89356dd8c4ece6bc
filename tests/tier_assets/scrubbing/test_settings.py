import pytest

from tier_assets.definitions import orchestrator
from tier_assets.home import Home
from tier_assets.scrubbing.settings import scrub_settings


@pytest.fixture
def home(tmp_path):
    """A home with Dagster's files."""
    home = Home(tmp_path / "home")
    with orchestrator(home).instance():
        return home


def test_sound_settings_and_storage_are_no_damage(home):
    looks = list(scrub_settings(home))
    assert set(looks) == {None}
    assert len(looks) >= 5


@pytest.mark.parametrize(
    ("name", "junk", "remedy"),
    [
        ("strata.toml", b"[rawr]\n", "mend it"),
        ("dagster/dagster.yaml", b"a: [\n", "mend it, or remove it"),
        ("dagster/dagster.yaml", b"\xff", "mend it, or remove it"),
        ("dagster/event_log.db", b"junk " * 900, "move the folder `dagster` away"),
        ("dagster/history/runs.db", b"", "mend nothing"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_remedy(home, name, junk, remedy):
    (home.root / name).write_bytes(junk)
    found = [(str(damage.path.relative_to(home.root)), damage.remedy) for damage in scrub_settings(home) if damage]
    if not junk:
        # An empty file is a database without tables for SQLite, and Dagster makes them.
        assert found == []
        return
    ((path, said),) = found
    assert path == name
    assert said.startswith(remedy)
