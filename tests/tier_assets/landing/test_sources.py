import hashlib
import io
import json
import logging
import os
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tier_assets.errors import LandingError
from tier_assets.keys import PartitionKey
from tier_assets.l0_raw.reading import read_landed
from tier_assets.landing.sources import (
    Progress,
    digest_of,
    local_source,
    object_state,
    reason,
    remote_keys,
    remote_source,
    s3,
)
from tier_assets.landing.zone import LandingZone
from tier_assets.outcome import joined
from tier_assets.policy import RawPolicy

KEY = PartitionKey("crawl", "2026-34")


@pytest.fixture(scope="module")
def bucket():
    """An S3 server of this test, with a bucket: its URL."""
    server = pytest.importorskip("moto.server", reason="moto is not installed: no S3 server to talk to")
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    known = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in known}
    os.environ.update(known)
    from pyarrow.fs import S3FileSystem

    S3FileSystem(endpoint_override=endpoint, allow_bucket_creation=True).create_dir("bucket")
    put(endpoint, "pages/a.jsonl", b'{"text": "hello"}\n')
    yield endpoint
    running.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


def put(endpoint, key, data):
    # By boto3, which comes with moto: of what Arrow uploads in parts, the server compresses again what is gzip already.
    boto3 = pytest.importorskip("boto3")
    boto3.client("s3", endpoint_url=endpoint).put_object(Bucket="bucket", Key=key, Body=data)


def test_a_local_file_is_read_where_it_lies(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"abc")
    source = local_source(tmp_path / "a.jsonl")
    assert (source.name, source.size, source.location, source.etag) == ("a.jsonl", 3, str(tmp_path / "a.jsonl"), None)
    assert b"".join(source.chunks()) == b"abc"
    assert digest_of(source) == hashlib.sha256(b"abc").hexdigest()
    assert source.arrow() == source.location


def test_progress_is_told_in_bytes_of_all(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"abc")
    calls = []
    progress = Progress(6, lambda *call: calls.append(call))
    for _ in range(2):
        told = progress.over(local_source(tmp_path / "a.jsonl"))
        assert (told.name, told.size, b"".join(told.chunks())) == ("a.jsonl", 3, b"abc")
    assert calls == [(3, 6, "a.jsonl, bytes"), (6, 6, "a.jsonl, bytes")]


def test_an_object_is_read_through_the_same_face(bucket):
    source = remote_source("s3://bucket/pages/a.jsonl", bucket)
    assert (source.name, source.size, source.remote) == ("a.jsonl", 18, True)
    assert b"".join(source.chunks()) == b'{"text": "hello"}\n'
    with source.open() as file:
        file.seek(2)
        assert file.read(4) == b"text"
    with source.arrow() as native:
        assert native.read() == b'{"text": "hello"}\n'


def test_an_object_that_changes_has_another_etag(bucket):
    put(bucket, "changing.jsonl", b"one")
    before = object_state("s3://bucket/changing.jsonl", bucket)
    put(bucket, "changing.jsonl", b"two")
    assert before[0] == object_state("s3://bucket/changing.jsonl", bucket)[0] == 3
    assert before != object_state("s3://bucket/changing.jsonl", bucket)


def test_objects_land_as_copies_or_references_and_are_read_alike(bucket, tmp_path):
    put(bucket, "landed.jsonl", b'{"text": "hello"}\n')
    texts = []
    for reference in (False, True):
        zone = LandingZone(tmp_path / f"landing{reference}", bucket)
        assert zone.land(KEY, ["s3://bucket/landed.jsonl"], reference=reference).changed
        assert not zone.land(KEY, ["s3://bucket/landed.jsonl"], reference=reference).changed
        texts.append(read(zone).rows["text"].to_list())
    assert texts == [["hello"], ["hello"]]


def test_a_referenced_object_that_changes_or_goes_gives_no_rows_and_is_named(bucket, tmp_path):
    put(bucket, "moving.jsonl", b'{"text": "hello"}\n')
    zone = LandingZone(tmp_path / "landing", bucket)
    zone.land(KEY, ["s3://bucket/moving.jsonl"], reference=True)
    put(bucket, "moving.jsonl", b'{"text": "other"}\n')
    changed = read(zone)
    assert (changed.rows.height, changed.measures["files_unreadable"]) == (0, 1)
    assert changed.notes[0].startswith("moving.jsonl: s3://bucket/moving.jsonl has changed since it was referenced")
    s3(bucket).delete_file("bucket/moving.jsonl")
    assert read(zone).notes == (
        "moving.jsonl: s3://bucket/moving.jsonl cannot be found: put it back, or land it again with --replace",
    )


def test_a_store_that_is_asked_tells_of_objects_that_changed_or_went_and_later_looks_know_it(bucket, tmp_path):
    put(bucket, "asked/a.jsonl", b'{"text": "hello"}\n')
    put(bucket, "asked/b.jsonl", b'{"text": "there"}\n')
    zone = LandingZone(tmp_path / "landing", bucket)
    zone.land(KEY, ["s3://bucket/asked/"], reference=True)
    before = zone.complete(str(KEY), 300)
    put(bucket, "asked/a.jsonl", b'{"text": "other"}\n')
    s3(bucket).delete_file("bucket/asked/b.jsonl")
    assert (zone.complete(str(KEY), 300), zone.ask_stores()) == (before, None)
    offline = LandingZone(tmp_path / "landing", "http://127.0.0.1:1")
    problems = (
        "s3://bucket/asked/a.jsonl has changed since it was referenced: land it again with --replace",
        "b.jsonl is referenced at s3://bucket/asked/b.jsonl but cannot be found: put it back",
    )
    assert offline.complete(str(KEY), 300).problems == problems
    assert offline.complete(str(KEY), 300).digest != before.digest
    assert "cannot be asked" in offline.ask_stores([KEY])
    assert offline.complete(str(KEY), 300).problems == problems
    assert read(zone).rows["text"].to_list() == ["other"]
    put(bucket, "asked/a.jsonl", b'{"text": "hello"}\n')
    put(bucket, "asked/b.jsonl", b'{"text": "there"}\n')
    assert (zone.ask_stores([KEY]), zone.complete(str(KEY), 300)) == (None, before)


def test_landing_a_changed_object_again_forgets_that_it_changed(bucket, tmp_path):
    put(bucket, "again.jsonl", b'{"text": "hello"}\n')
    zone = LandingZone(tmp_path / "landing", bucket)
    zone.land(KEY, ["s3://bucket/again.jsonl"], reference=True)
    put(bucket, "again.jsonl", b'{"text": "other"}\n')
    zone.ask_stores()
    assert zone.land(KEY, ["s3://bucket/again.jsonl"], reference=True, replace=True).changed
    assert (read(zone).notes, read(zone).rows["text"].to_list()) == ((), ["other"])


@pytest.mark.parametrize("form", ["parquet", "arrow", "zip", "tar.gz"])
def test_formats_that_are_read_from_any_place_are_read_from_a_bucket(bucket, tmp_path, form):
    data = io.BytesIO()
    table = pa.table({"text": ["hello"]})
    if form == "parquet":
        pq.write_table(table, data)
    elif form == "arrow":
        with pa.ipc.new_file(data, table.schema) as writer:
            writer.write_table(table)
    elif form == "zip":
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("a.txt", "hello")
    else:
        with tarfile.open(fileobj=data, mode="w:gz") as archive:
            entry = tarfile.TarInfo("a.txt")
            entry.size = 5
            archive.addfile(entry, io.BytesIO(b"hello"))
    put(bucket, f"a.{form}", data.getvalue())
    zone = LandingZone(tmp_path / "landing", bucket)
    zone.land(KEY, [f"s3://bucket/a.{form}"], reference=True)
    assert (read(zone).notes, read(zone).rows["payload"].to_list()) == ((), [b"hello"])


def read(zone):
    arrival = zone.complete(str(KEY), 300)
    return joined(read_landed(zone.sources(arrival), partition=str(KEY), policy=RawPolicy(), problems=arrival.problems))


def test_an_object_that_is_not_there_is_named(bucket):
    with pytest.raises(LandingError, match=r"^'s3://bucket/none.jsonl' does not exist: a URL that ends in '/' is all"):
        remote_source("s3://bucket/none.jsonl", bucket)


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/", "s3://", "s3://bucket/folder/"])
def test_a_url_without_an_object_is_refused(url):
    with pytest.raises(LandingError, match="names no object: use s3://BUCKET/KEY, or s3://BUCKET/FOLDER/$"):
        remote_source(url, None)


def test_a_url_that_ends_in_a_slash_is_all_objects_below_it(bucket, tmp_path):
    names = ("b.jsonl", "deep/er/a.jsonl", "_SUCCESS", "deep/_temporary/c.jsonl", ".hidden/d.jsonl", "x.log", "a.cdx")
    for name in names:
        put(bucket, f"crawl/{name}", json.dumps({"text": name}).encode() + b"\n")
    put(bucket, "crawl/a.cdx", b" CDX g V\nb.jsonl 0\n")
    put(bucket, "crawls/other.jsonl", b"{}\n")
    assert remote_keys("s3://bucket/crawl/", bucket) == sorted(names)
    texts = []
    for reference in (False, True):
        zone = LandingZone(tmp_path / f"landing{reference}", bucket)
        landed = zone.land(KEY, ["s3://bucket/crawl/"], reference=reference)
        assert landed.files == ("a.cdx", "b.jsonl", "deep-er-a.jsonl")
        assert landed.notes == ("s3://bucket/crawl/: 4 of 7 objects are left out: hidden, or of no kind that is read",)
        assert not zone.land(KEY, ["s3://bucket/crawl/"], reference=reference).changed
        assert read(zone).notes == ()
        texts.append(read(zone).rows["text"].to_list())
    assert texts == [["b.jsonl", "deep/er/a.jsonl"]] * 2


def test_a_folder_without_objects_of_any_use_is_refused(bucket, tmp_path):
    zone = LandingZone(tmp_path / "landing", bucket)
    put(bucket, "logs/x.log", b"x")
    with pytest.raises(
        LandingError, match="^'s3://bucket/logs/' holds no object of a supported kind: names must end in"
    ):
        zone.land(KEY, ["s3://bucket/logs/"])
    with pytest.raises(LandingError, match="^'s3://bucket/none/' does not exist: it names no bucket or folder$"):
        zone.land(KEY, ["s3://bucket/none/"])
    with pytest.raises(LandingError, match="^'s3://nowhere/' cannot be read: .*bucket"):
        zone.land(KEY, ["s3://nowhere/"])
    with pytest.raises(LandingError, match="names no bucket: use s3://BUCKET/FOLDER/"):
        zone.land(KEY, ["s3:///"])


def test_a_store_that_cannot_be_reached_is_one_line(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with pytest.raises(LandingError, match="cannot be read: .*check the AWS_. settings") as raised:
        remote_source("s3://bucket/a.jsonl", "http://127.0.0.1:1")
    assert "\n" not in str(raised.value)


def test_an_error_without_a_number_says_what_it_says():
    assert reason(OSError(2, "No such file")) == "No such file"
    assert reason(OSError("told by Arrow\nmore")) == "told by Arrow"
