import io
import tarfile

import pytest

from tier_assets.errors import LandingError
from tier_assets.landing.folders import PackedFolder, landables
from tier_assets.landing.sources import digest_of


@pytest.fixture
def tree(tmp_path):
    """A function that makes a folder of files."""

    def make(name="site", **files):
        for path, content in files.items():
            target = tmp_path / name / path.replace("__", "/").replace("_", ".")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return tmp_path / name

    return make


def unpacked(packed):
    with tarfile.open(fileobj=io.BytesIO(b"".join(packed.chunks()))) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}


def test_a_folder_of_pages_becomes_one_tar_of_what_is_read(tree):
    root = tree(index_html=b"<p>one", sub__b_md=b"two", sub__logo_png=b"x", c_py=b"three")
    found, notes = landables([str(root)], None)
    assert list(found) == ["site.tar"]
    assert unpacked(found["site.tar"]) == {"index.html": b"<p>one", "sub/b.md": b"two", "c.py": b"three"}
    assert notes == ("site: 1 of 4 files are left out: links, or of no kind that is read",)


def test_the_same_files_are_the_same_bytes_and_size(tree, tmp_path):
    one = landables([tree("a", x_html=b"1", y_html=b"2" * 600)], None)[0]["a.tar"]
    other = landables([tree("b", y_html=b"2" * 600, x_html=b"1")], None)[0]["b.tar"]
    assert digest_of(one) == digest_of(other)
    assert one.size == len(b"".join(one.chunks())) == 512 * 7


def test_links_and_hidden_files_are_not_packed(tree, tmp_path):
    root = tree(a_html=b"one")
    (tmp_path / "secret.html").write_bytes(b"secret")
    (root / "link.html").symlink_to(tmp_path / "secret.html")
    (root / ".hidden.html").write_bytes(b"hidden")
    (root / "loop").symlink_to(root)
    [packed], notes = landables([root], None)[0].values(), landables([root], None)[1]
    assert unpacked(packed) == {"a.html": b"one"}
    assert notes == ("site: 1 of 2 files are left out: links, or of no kind that is read",)


def test_a_file_that_grows_while_it_is_read_is_refused(tree):
    root = tree(a_html=b"one")
    packed = PackedFolder("site.tar", root, ("a.html",))
    chunks = packed.chunks()
    next(chunks)
    (root / "a.html").write_bytes(b"longer")
    with pytest.raises(LandingError, match=r"a\.html changed while it was read"):
        list(chunks)


def test_a_downloaded_dataset_is_its_data_files_and_its_card(tree):
    root = tree("hub", README_md=b"---\nlicense: mit\n---", data__train_parquet=b"PAR1", data__notes_txt=b"x")
    assert list(landables([root], None)[0]) == ["data-train.parquet", "README.md"]


def test_a_saved_dataset_is_its_arrow_files_and_their_descriptions(tmp_path):
    for path in ("train/data-00000-of-00001.arrow", "train/dataset_info.json", "train/state.json", "dataset_dict.json"):
        (tmp_path / "saved" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "saved" / path).write_bytes(b"{}")
    assert list(landables([tmp_path / "saved"], None)[0]) == [
        "train-data-00000-of-00001.arrow",
        "train-dataset_info.json",
    ]


def test_links_of_a_download_lead_to_its_blobs_and_nowhere_else(tmp_path):
    root = tmp_path / "datasets--x" / "snapshots" / "abc"
    (tmp_path / "datasets--x" / "blobs").mkdir(parents=True)
    root.mkdir(parents=True)
    (tmp_path / "datasets--x" / "blobs" / "1").write_bytes(b"PAR1")
    (root / "a.parquet").symlink_to("../../blobs/1")
    assert b"".join(landables([root], None)[0]["a.parquet"].chunks()) == b"PAR1"
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "b.parquet").symlink_to(tmp_path / "secret")
    with pytest.raises(LandingError, match=r"b\.parquet is a link that leads outside"):
        landables([root], None)


def test_what_says_something_of_data_files_lands_with_them_and_what_is_hidden_does_not(tree):
    root = tree(a_warc=b"", a_cdx=b"", manifest_json=b"{}", sub__b_warc=b"")
    (root / "_tmp").mkdir()
    (root / "_tmp" / "c.jsonl").write_bytes(b"{}")
    (root / "sub" / "_part.jsonl").write_bytes(b"{}")
    assert list(landables([root], None)[0]) == ["a.warc", "sub-b.warc", "a.cdx", "manifest.json"]


def test_data_and_pages_in_one_folder_are_refused(tree):
    with pytest.raises(LandingError, match=r"holds data files and pages: land a\.jsonl and its like by themselves"):
        landables([tree(a_jsonl=b"{}", b_html=b"<p>")], None)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(LandingError, match="holds no file of a supported kind"):
        landables([tmp_path], None)
