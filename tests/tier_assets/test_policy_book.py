import pytest

from tier_assets.errors import PolicyError
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook


def read(tmp_path, text):
    (tmp_path / "strata.toml").write_text(text)
    return PolicyBook.read(tmp_path / "strata.toml")


def test_no_file_gives_the_defaults(tmp_path):
    assert PolicyBook.read(tmp_path / "strata.toml").for_source("crawl") == Policy()


def test_a_source_overrides_what_all_sources_share(tmp_path):
    book = read(
        tmp_path,
        "[filtered]\nmin_language_score = 0.5\n[source.crawl.filtered.quality]\nmin_words = 20\n",
    )
    assert book.for_source("wiki").filtered.min_language_score == 0.5
    assert book.for_source("crawl").filtered.min_language_score == 0.5
    assert book.for_source("crawl").filtered.quality.min_words == 20
    assert book.for_source("wiki").filtered.quality.min_words == 50


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[filtered]\nmin_lang = 1\n", "filtered.min_lang: .*known keys: .*min_language_score"),
        (
            "[filtered]\nmin_language_score = 2\n",
            "filtered.min_language_score: Input should be less than or equal to 1",
        ),
        ("[source.crawl.raw]\nkeep = 1\n", "source.crawl.raw.keep: "),
        ("[source.crawl.selected]\nkeep_char_share = 1\n", r"source.crawl.selected: .*write it in \[selected\]"),
        ("[source]\ncrawl = 3\n", "source.crawl must be a table"),
        ("[language_model]\nbackend = 'oracle'\n", "language_model.backend: .*'embedded', 'openai' or 'vllm'"),
        ("filtered = [", "not valid TOML"),
        ("source = 3", "'source' must be a table"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_allowed(tmp_path, text, message):
    with pytest.raises(PolicyError, match=message) as caught:
        read(tmp_path, text)
    assert "strata.toml" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
