import datetime
import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from tier_assets.errors import PolicyError
from tier_assets.policies.section import Section, nested, nested_by_name, sections
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook


def _fields(section: type[BaseModel]):
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation)
        else:
            yield f"{section.__name__}.{name}", field


def test_every_value_says_what_it_means_and_where_it_comes_from():
    lacking = [
        name
        for name, field in _fields(Policy)
        if not field.description or not (field.json_schema_extra or {}).get("source")
    ]
    assert lacking == []


def test_the_defaults_are_the_literatures():
    policy = Policy()
    assert policy.filtered.min_language_score == 0.65
    assert (policy.filtered.quality.min_words, policy.filtered.quality.max_words) == (50, 100_000)
    assert (policy.filtered.deduplication.bands, policy.filtered.deduplication.rows) == (14, 8)
    assert policy.selected.keep_char_share == 0.1
    assert (policy.refined.max_documents, policy.refined.max_tokens) == (25, 45_000)


def test_what_the_machine_gives_is_no_part_of_a_tiers_digest():
    sections = ("raw", "filtered", "selected", "refined", "organized", "audit")
    one = Policy.model_validate({"execution": {"workers": 1}})
    assert [getattr(one, name).digest for name in sections] == [getattr(Policy(), name).digest for name in sections]
    assert Policy().execution.workers == 0


def test_the_digest_follows_the_values():
    assert Policy().filtered.digest == Policy().filtered.digest
    changed = Policy.model_validate({"filtered": {"min_language_score": 0.5}})
    assert changed.filtered.digest != Policy().filtered.digest
    assert changed.raw.digest == Policy().raw.digest


FIELDS = {
    (*("de" if part == "NAME" else part for part in path), name): field
    for path, section in sections(Policy)
    for name, field in section.model_fields.items()
    if not (nested(field) or nested_by_name(field))
}
NUMBERS = [key for key, field in FIELDS.items() if {int, float} & {field.annotation, *get_args(field.annotation)}]
PYTHON = re.compile(r"[Ii]nput|tuple|dict|None|instance|\bint\b|float|string|True|False|Policy|datetime|<class|valid")


def complaint(key: tuple[str, ...], given: Any) -> str:
    values = given
    for part in reversed(key):
        values = {part: values}
    with pytest.raises(PolicyError) as caught:
        PolicyBook(values)
    return str(caught.value)


@pytest.mark.parametrize("key", NUMBERS, ids=".".join)
def test_every_number_has_bounds_on_both_sides_and_is_no_text(key):
    for given in (-1, 10**24, True, "1", float("inf")):
        assert f"{'.'.join(key)}: must be " in complaint(key, given)


@pytest.mark.parametrize("key", [key for key in NUMBERS if re.search("_share$|_score$|_auc$", key[-1])], ids=".".join)
def test_a_share_lies_between_nothing_and_all(key):
    if key[-1] != "min_twin_share":  # of another element's text, which may be the shorter
        assert "must be " in complaint(key, 1.01)


@pytest.mark.parametrize("key", FIELDS, ids=".".join)
def test_no_value_is_refused_in_words_of_python(key):
    for given in (datetime.date(2026, 1, 1), {"x": 1}, [["x"]], [1], -1.5):
        assert not PYTHON.search(complaint(key, given).split(": ", 2)[2])


@pytest.mark.parametrize("path", [(name,) for name in Policy.model_fields], ids="".join)
def test_no_table_is_refused_in_words_of_python(path):
    assert complaint(path, 3) == f"strata.toml: {path[0]}: must be a table such as [{path[0]}], not 3"


def test_a_policy_as_it_is_shown_is_one_that_loads():
    shown = Policy().model_dump(mode="json", exclude_none=True)
    assert Policy.model_validate(shown) == Policy()


def test_a_language_of_its_own_has_limits_in_order_with_those_for_all():
    key = ("filtered", "by_language", "de", "min_words")
    assert "min_words = 100001 lies above max_words = 100000" in complaint(key, 100_001)
    assert isinstance(Policy.model_validate({"filtered": {"by_language": {"de": {"min_words": 9}}}}), Section)
