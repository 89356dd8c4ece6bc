import gzip
import io
import json

import pytest

from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Passed, Reject
from tier_assets.l0_raw.inventories import Inventory
from tier_assets.schemas import DropReason

CDXJ = b'org,e)/ 2026 {"filename": "warcs/a.warc.gz", "offset": "0"}\norg,e)/b 2026 {"filename": "a.warc.gz", "offset": 300}\n'
CDX = b" CDX N b a m s k r M S V g\norg,e)/ 2026 http://e.org/ text/html 200 X - - 300 0 a.warc.gz\n"


def inventory(**files):
    made = Inventory()
    for name, data in files.items():
        assert list(made.read(name.replace("__", "."), io.BytesIO(data))) == []
    return made


def flaws(made, name, *findings, size=10):
    tally = made.tally(name, size)
    for finding in findings:
        tally.tick(finding)
    return [(flaw.kind, flaw.note) for flaw in tally.flaws()]


def capture(offset):
    return Capture(offset, b"x", "text/html")


@pytest.mark.parametrize("name, data", [("a.cdxj", CDXJ), ("a.cdxj.gz", gzip.compress(CDXJ, mtime=0))])
def test_records_of_an_index_that_are_not_found_are_a_flaw(name, data):
    made = Inventory()
    assert list(made.read(name, io.BytesIO(data))) == []
    note = "1 of 2 records in its index are missing, first byte 300"
    assert flaws(made, "a.warc.gz", capture(0)) == [(FlawKind.INCOMPLETE, note)]
    assert flaws(made, "a.warc.gz", capture(0), Passed(300)) == []
    assert flaws(made, "a.warc.gz", capture(0), Reject(300, DropReason.UNREADABLE, "damaged_member")) == []


def test_an_index_says_nothing_of_other_files():
    assert flaws(inventory(a__cdxj=CDXJ), "b.warc.gz") == []


def test_cdx_names_its_columns():
    assert inventory(a__cdx=CDX).tally("a.warc.gz", 1).offsets == {0}
    assert inventory(a__cdx=b"org,e)/ 2026 http://e.org/ 7 a.warc.gz\n").tally("a.warc.gz", 1).offsets == {7}


def test_a_manifest_gives_documents_and_bytes():
    manifest = json.dumps({"files": [{"name": "a.jsonl", "records": 2, "bytes": 10}]}).encode()
    made = inventory(manifest__json=manifest)
    assert flaws(made, "a.jsonl", capture(0), Reject(9, DropReason.UNREADABLE, "bad_json")) == []
    assert flaws(made, "a.jsonl", capture(0), Passed(1), size=9) == [
        (FlawKind.INCOMPLETE, "has 9 bytes, manifest.json says 10"),
        (FlawKind.INCOMPLETE, "holds 1 documents, manifest.json says 2"),
    ]


def test_a_manifest_names_files_of_folders_by_their_paths():
    made = inventory(manifest__json=b'{"files": [{"name": "sub/a.jsonl"}]}')
    assert list(made.strangers({"sub-a.jsonl"})) == []


def test_a_file_of_the_manifest_that_has_not_landed_is_named():
    made = inventory(manifest__json=b'{"files": [{"name": "a.jsonl"}, {"name": "b.jsonl"}]}')
    assert list(made.strangers({"a.jsonl"})) == [
        ("manifest.json", Flaw(FlawKind.INCOMPLETE, "lists 'b.jsonl', which has not landed"))
    ]


@pytest.mark.parametrize(
    "head, expected",
    [
        (b"---\nlicense: apache-2.0\ntags: [x]\n---\n# Card", "apache-2.0"),
        (b"---\nlicense: [mit, 'cc0-1.0']\n---\n", "mit OR cc0-1.0"),
        (b"---\nlicense:\n- mit\n- cc-by-4.0\ntags:\n- x\n---\n", "mit OR cc-by-4.0"),
        (b"---\ntags: x\n---\nlicense: mit\n", None),
        (b"# No head\nlicense: mit\n", None),
    ],
)
def test_the_head_of_a_card_states_the_licence(head, expected):
    assert inventory(README__md=head).license_of("train.parquet") == expected


def test_a_split_of_its_own_licence_has_that():
    made = Inventory()
    for name, license_id in (("dataset_info.json", "mit"), ("test-dataset_info.json", "cc0-1.0")):
        assert list(made.read(name, io.BytesIO(json.dumps({"license": license_id}).encode()))) == []
    assert (made.license_of("test-data.arrow"), made.license_of("train-data.arrow")) == ("cc0-1.0", "mit")


@pytest.mark.parametrize(
    "name, data, kind",
    [
        ("a.cdxj", b"nonsense\n", FlawKind.UNREADABLE),
        ("a.cdx", b" CDX N b\nx y\n", FlawKind.UNREADABLE),
        ("a.cdxj.gz", gzip.compress(CDXJ * 9, mtime=0)[:-9], FlawKind.TRUNCATED),
        ("manifest.json", b"[]", FlawKind.UNREADABLE),
        ("manifest.json", b'{"files": [{"name": "a", "records": -1}]}', FlawKind.UNREADABLE),
        ("dataset_info.json", b"{", FlawKind.UNREADABLE),
    ],
)
def test_one_that_cannot_be_read_is_a_flaw(name, data, kind):
    assert [flaw.kind for flaw in Inventory().read(name, io.BytesIO(data))] == [kind]
