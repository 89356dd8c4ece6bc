import json

import pytest
import zstandard

from tier_assets.l1_filtered.bad_words import BadWords, bad_word_ratio, load_bad_words
from tier_assets.l1_filtered.list_files import ListError


@pytest.fixture
def lists(tmp_path):
    (tmp_path / "en.txt").write_text("darn\nblast it\nblast\n\n")
    rows = [{"word": "\u7cde\u7cd5", "lang": "zh"}, {"word": "Mist", "lang": "de"}]
    (tmp_path / "more.jsonl.zst").write_bytes(zstandard.compress("\n".join(map(json.dumps, rows)).encode()))
    return load_bad_words(sorted(tmp_path.iterdir()))


def ratio(lists: BadWords, text: str, language: str | None) -> float | None:
    return bad_word_ratio([text], [language], lists=lists).item()


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Darn the darning needle", "en", 1 / 4),
        ("blast it all", "en", 2 / 3),
        ("blast! blast it", "en", 3 / 3),
        ("a caf\u00e9 blast", "en", 1 / 3),
        ("So ein Mist", "de", 1 / 3),
        ("der Nebel heisst mist", "en", 0.0),
        ("\u5929\u6c14\u7cde\u7cd5\u3002", "zh", 2 / 4),
        ("darn", "fr", None),
        ("darn", None, None),
        ("?!", "en", None),
    ],
)
def test_words_of_the_texts_language_count(lists, text, language, expected):
    assert ratio(lists, text, language) == expected


def test_without_lists_there_is_no_ratio():
    assert ratio(BadWords(), "darn", "en") is None


def test_the_digest_is_that_of_the_phrases(lists, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    (again / "en.txt").write_text("blast\nBLAST it\ndarn\n")
    other = load_bad_words([again / "en.txt"])
    assert other.digest == load_bad_words([tmp_path / "en.txt"]).digest
    assert other.digest != lists.digest != BadWords().digest


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "words.jsonl").write_text('{"word": "darn"}\n')
    with pytest.raises(ListError, match=r"words\.jsonl, line 1: not a JSON object"):
        load_bad_words([tmp_path / "words.jsonl"])
