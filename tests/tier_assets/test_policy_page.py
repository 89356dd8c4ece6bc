from pathlib import Path

from tier_assets.policy_page import describe

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


def test_the_committed_page_is_what_the_policy_says():
    assert PAGE.read_text("utf-8") == describe(), "python -m tier_assets.policy_page > docs/policy.md"


def test_nested_sections_have_tables_of_their_own():
    assert "## [filtered.quality]" in describe()
    assert "| `min_words` | `50` |" in describe()
