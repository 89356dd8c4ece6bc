import json

import pytest

from tier_assets.errors import DamagedError
from tier_assets.lake.versions import body_digest, entry_of, fingerprint_of, partition_of, version_of


@pytest.fixture
def promoted(lake, key, documents):
    return lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}, run_id="run-1"))


@pytest.fixture
def entry(lake, promoted):
    return (lake.folder("filtered", "crawl") / "_delta_log" / f"{1:020d}.json").read_bytes()


def test_an_entry_tells_the_version_it_made(entry, promoted):
    found = entry_of(entry, None, "filtered")
    assert version_of(found.body, 1) == promoted
    assert (found.partition, found.number, found.promotion) == ("crawl.2026-08", 1, promoted.promotion)
    assert partition_of(entry) == "crawl.2026-08"


def test_an_entry_of_another_table_is_refused(entry):
    with pytest.raises(DamagedError, match="not what was written"):
        entry_of(entry, None, "selected")


def test_an_entry_that_does_not_come_next_is_refused(entry, promoted):
    with pytest.raises(DamagedError, match="does not come next"):
        entry_of(entry, promoted, "filtered")


def older(entry):
    """The entry as it was written before it named files and a digest."""
    actions = [json.loads(line) for line in entry.splitlines()]
    for action in actions:
        if "commitInfo" in action:
            body = json.loads(action["commitInfo"]["strata"])
            for name in ("digest", "files", "decided", "promotion"):
                del body[name]
            action["commitInfo"]["strata"] = json.dumps(body)
    return "\n".join(map(json.dumps, actions)).encode()


def test_an_entry_from_before_it_named_its_files_tells_them_from_what_it_adds(entry, promoted):
    version = version_of(entry_of(older(entry), None, "filtered").body, 1)
    assert [(file.path, file.bytes, file.rows) for file in version.files] == [
        (promoted.files[0].path, promoted.files[0].bytes, 1)
    ]
    assert version.decided.sha256 == promoted.decided.sha256


def test_an_older_entry_that_does_not_agree_with_itself_is_refused(entry):
    with pytest.raises(DamagedError, match="not what was written"):
        entry_of(older(entry).replace(b'\\"code\\": \\"1\\"', b'\\"code\\": \\"2\\"'), None, "filtered")


def test_the_digest_of_a_body_is_over_all_but_itself():
    assert body_digest({"a": 1}) == body_digest({"a": 1, "digest": "x"})
    assert body_digest({"a": 1}) != body_digest({"a": 2})


def test_a_fingerprint_depends_on_table_partition_and_every_part():
    made = {
        fingerprint_of("raw", "a.1", {"code": "1"}),
        fingerprint_of("filtered", "a.1", {"code": "1"}),
        fingerprint_of("raw", "a.2", {"code": "1"}),
        fingerprint_of("raw", "a.1", {"code": "2"}),
    }
    assert len(made) == 4
