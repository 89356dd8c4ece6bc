import json

import pytest

from tier_assets.errors import LandingError
from tier_assets.keys import PartitionKey
from tier_assets.landing.copies import copy_into, refer_into
from tier_assets.landing.folders import PackedFolder
from tier_assets.landing.sources import Progress, local_source

KEY = PartitionKey("crawl", "2026-34")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "partition").mkdir()
    return tmp_path / "partition"


@pytest.fixture
def files(tmp_path):
    def make(**contents):
        (tmp_path / "made").mkdir(exist_ok=True)
        paths = {f"{name}.jsonl": tmp_path / "made" / f"{name}.jsonl" for name in contents}
        for name, content in contents.items():
            paths[f"{name}.jsonl"].write_bytes(content)
        return {name: local_source(path) for name, path in paths.items()}

    return make


def progress():
    return Progress(0, lambda done, total, what: None)


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_copies_are_listed_and_nothing_else_is_left(folder, files):
    assert copy_into(KEY, folder, files(a=b"one"), False, progress())
    assert names(folder) == {"a.jsonl", "_SUCCESS", "_digests.json"}
    assert not copy_into(KEY, folder, files(a=b"one"), False, progress())


def test_references_are_listed_and_nothing_is_copied(folder, files):
    wanted = files(a=b"one")
    assert refer_into(KEY, folder, wanted, False, progress())
    assert names(folder) == {"_REFERENCES", "_SUCCESS"}
    [listed] = json.loads((folder / "_REFERENCES").read_text())["files"]
    assert (listed["name"], listed["location"]) == ("a.jsonl", wanted["a.jsonl"].location)
    assert not refer_into(KEY, folder, wanted, False, progress())


def test_a_copy_after_a_cut_goes_on(folder, files):
    copy_into(KEY, folder, files(a=b"one", b=b"two"), False, progress())
    (folder / "_SUCCESS").rename(folder / "_LANDING")
    (folder / "b.jsonl").unlink()
    assert copy_into(KEY, folder, files(a=b"one", b=b"two"), False, progress())
    assert names(folder) == {"a.jsonl", "b.jsonl", "_SUCCESS", "_digests.json"}


@pytest.mark.parametrize(
    "first, second, sentence",
    [(refer_into, copy_into, "its files are referenced, not copied"), (copy_into, refer_into, "its files are copied")],
)
def test_one_takes_the_place_of_the_other_only_with_replace(folder, files, first, second, sentence):
    first(KEY, folder, files(a=b"one"), False, progress())
    with pytest.raises(LandingError, match=sentence):
        second(KEY, folder, files(a=b"one"), False, progress())
    assert second(KEY, folder, files(a=b"one"), True, progress())
    assert ("a.jsonl" in names(folder), "_REFERENCES" in names(folder)) == (second is copy_into, second is refer_into)


def test_a_changed_file_is_referenced_anew_only_with_replace(folder, files):
    refer_into(KEY, folder, files(a=b"one"), False, progress())
    with pytest.raises(LandingError, match="other files are referenced, or have changed"):
        refer_into(KEY, folder, files(a=b"two"), False, progress())
    assert refer_into(KEY, folder, files(a=b"two"), True, progress())


def test_a_packed_folder_cannot_be_referenced(folder, tmp_path):
    (tmp_path / "a.html").write_bytes(b"x")
    with pytest.raises(LandingError, match="it cannot be referenced"):
        refer_into(KEY, folder, {"a.tar": PackedFolder("a.tar", tmp_path, ("a.html",))}, False, progress())
