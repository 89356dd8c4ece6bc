import tomllib
from pathlib import Path

from tier_assets.policies.preset_files import presets
from tier_assets.policy_book import PolicyBook
from tier_assets.policy_page import EXAMPLE, describe

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


def test_the_committed_page_is_what_the_policy_says():
    assert PAGE.read_text("utf-8") == describe(), "python -m tier_assets.policy_page > docs/policy.md"


def test_nested_sections_have_tables_of_their_own():
    assert "## [filtered.quality]" in describe()
    assert "| `min_words` | `50` |" in describe()
    assert "## [filtered.by_language.NAME]" in describe()


def test_every_preset_is_listed_with_its_source():
    for preset in presets().values():
        assert f"| `{preset.name}` |" in describe()
        assert preset.source in describe()


def test_the_example_does_what_the_page_says():
    book = PolicyBook(tomllib.loads(EXAMPLE))
    crawl, forge, lectures = (book.for_source(name).filtered for name in ("crawl", "forge", "lectures"))
    assert (crawl.rules, crawl.languages) == (("url", "repetition", "quality"), ("en",))
    assert (crawl.min_language_score, crawl.deduplication.min_jaccard, crawl.quality.min_words) == (0.5, 0.7, 30)
    assert (forge.rules, forge.min_language_score, forge.code.max_line_chars) == (("code",), 0.5, 2_000)
    assert (book.preset_of("lectures"), lectures.min_language_score) == ("fineweb", 0.5)
    assert lectures.deduplication.min_jaccard == 0.7
