import json

import pytest
import zstandard

from tier_assets.l1_filtered.block_lists import BlockLists, load_block_lists, plain_url
from tier_assets.l1_filtered.list_files import ListError


@pytest.fixture
def toulouse(tmp_path):
    """Folders of categories, as the university publishes them."""
    (tmp_path / "adult").mkdir()
    (tmp_path / "adult" / "domains").write_text("bad.example\n# a comment\n\nWorse.Example # here\n")
    (tmp_path / "adult" / "urls").write_text("fine.example/bad/\n")
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "domains").write_text("bank.example\n")
    return [tmp_path / name for name in ("adult/domains", "adult/urls", "bank/domains")]


def test_the_folder_of_a_file_is_its_category(toulouse):
    assert load_block_lists(toulouse, categories=["adult"]) == BlockLists(
        {"bad.example": "adult/domains", "worse.example": "adult/domains"}, {"fine.example/bad": "adult/urls"}
    )
    assert "bank.example" in load_block_lists(toulouse).domains


def test_a_category_that_no_list_has_is_an_error_with_those_there_are(toulouse, tmp_path):
    """It would switch blocking off without a word."""
    sentence = "filtered.urls.categories: .*no category 'adlut'; did you mean 'adult'[?]; they have adult, bank$"
    with pytest.raises(ListError, match=sentence):
        load_block_lists(toulouse, categories=["bank", "adlut"])
    (tmp_path / "a.jsonl").write_text('{"entry": "bad.example"}\n')
    with pytest.raises(ListError, match="no category 'x'; they have none"):
        load_block_lists([tmp_path / "a.jsonl"], categories=["x"])
    assert load_block_lists([], categories=["adult"]) == BlockLists()


def test_jsonl_may_be_compressed(tmp_path):
    rows = [{"entry": "bad.example", "category": "adult"}, {"entry": "a.example/b", "category": "ads"}]
    path = tmp_path / "mine" / "lists.jsonl.zst"
    path.parent.mkdir()
    path.write_bytes(zstandard.compress("\n".join(map(json.dumps, rows)).encode()))
    assert load_block_lists([path]) == BlockLists(
        {"bad.example": "mine/lists.jsonl.zst, category adult"}, {"a.example/b": "mine/lists.jsonl.zst, category ads"}
    )
    assert load_block_lists([path], categories=["ads"]).domains == {}


def test_a_list_is_called_by_its_folder_and_its_name(tmp_path):
    """A whole path is the machine's: what is published would tell of it."""
    file = tmp_path / "lists" / "mine.jsonl"
    file.parent.mkdir()
    file.write_text('{"entry": "a.example"}\n')
    assert load_block_lists([file]).domains == {"a.example": "lists/mine.jsonl"}


def test_an_entry_of_several_lists_is_the_firsts(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a").write_text("x.example\n")
    (folder / "b.jsonl").write_text('{"entry": "x.example", "category": "ads"}\n')
    assert load_block_lists([folder / "a", folder / "b.jsonl"]).domains == {"x.example": "mine/a"}
    assert load_block_lists([folder / "b.jsonl", folder / "a"]).domains == {"x.example": "mine/b.jsonl, category ads"}


def test_the_digest_is_that_of_the_entries_and_their_lists(tmp_path):
    file = tmp_path / "one"
    file.write_text("a.example\nb.example\n")
    before = load_block_lists([file]).digest
    file.write_text("b.example\n\na.example")
    assert load_block_lists([file]).digest == before != BlockLists().digest
    assert load_block_lists([file.rename(tmp_path / "two")]).digest != before
    assert BlockLists(domains={"a": "x"}).digest != BlockLists(urls={"a": "x"}).digest


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("HTTPS://www.A.example/B/?q=1#part", "a.example/b/?q=1"),
        ("a.example/", "a.example"),
        (" http://a.example ", "a.example"),
        ("", ""),
    ],
)
def test_urls_compare_without_scheme_case_and_fragment(url, plain):
    assert plain_url(url) == plain


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "lists.jsonl").write_text('{"entry": "a.example"}\n{"domain": "b.example"}\n')
    with pytest.raises(ListError, match=r"lists\.jsonl, line 2: not a JSON object"):
        load_block_lists([tmp_path / "lists.jsonl"])
    (tmp_path / "lists.jsonl").write_bytes(b"\xff\n")
    with pytest.raises(ListError, match="cannot be read as a list"):
        load_block_lists([tmp_path / "lists.jsonl"])
