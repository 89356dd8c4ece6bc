import pytest
from pydantic import ValidationError

from tier_assets.policies.section import (
    STRATA,
    Section,
    Setting,
    nested,
    nested_by_name,
    require_order,
    sections,
    settings,
    value,
)


class Limits(Section):
    """An example."""

    least: int = value(3, "the least", STRATA, ge=0)
    share: float = value(1, "a share", "a paper")


class Outer(Section):
    """An example with sections in it."""

    name: str = value("x", "a name", STRATA)
    limits: Limits = Limits()
    by_language: dict[str, Limits] = value({}, "limits of a language", STRATA)


def test_a_value_carries_its_meaning_its_source_and_its_bounds():
    field = Limits.model_fields["least"]
    assert (field.description, field.json_schema_extra) == ("the least", {"source": STRATA})
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Limits(least=-1)


def test_unknown_keys_are_errors():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Limits.model_validate({"most": 3})


def test_the_digest_is_of_the_values():
    assert Limits().digest == Limits(least=3).digest != Limits(least=4).digest


def test_a_value_that_is_given_has_the_digest_of_the_equal_default():
    assert Limits(share=1).digest == Limits().digest


def test_a_limit_is_a_finite_number():
    with pytest.raises(ValidationError, match="finite number"):
        Limits(share=float("nan"))


def test_settings_are_listed_with_their_path_and_default():
    found = list(settings(Outer(limits=Limits(least=5))))
    assert [setting.key for setting in found] == [
        ("name",), ("limits", "least"), ("limits", "share"), ("by_language",),
    ]  # fmt: skip
    assert found[1] == Setting(("limits", "least"), 5, 3, "the least", STRATA)


def test_sections_under_names_of_the_users_choice_are_listed_too():
    found = {setting.key: setting.value for setting in settings(Outer(by_language={"de": Limits(least=1)}))}
    assert found["by_language", "de", "least"] == 1


def test_a_field_holds_a_section_or_a_value():
    assert nested(Outer.model_fields["limits"]) is Limits
    assert nested(Outer.model_fields["name"]) is None
    assert nested(Outer.model_fields["by_language"]) is None
    assert nested_by_name(Outer.model_fields["by_language"]) is Limits
    assert nested_by_name(Outer.model_fields["name"]) is None


def test_sections_are_listed_with_their_path():
    assert list(sections(Outer)) == [(("limits",), Limits), (("by_language", "NAME"), Limits)]


class Range(Section):
    """An example of limits on both sides."""

    min_words: int = value(2, "the fewest", STRATA)
    max_words: int | None = value(None, "the most", STRATA)
    words: tuple[str, ...] = value((), "some", STRATA)


@pytest.mark.parametrize("given", [True, "3", 3.0, None])
def test_a_whole_number_is_nothing_else(given):
    with pytest.raises(ValidationError, match="valid integer"):
        Limits(least=given)


@pytest.mark.parametrize("given", [True, "0.5", None])
def test_a_number_is_no_text_and_no_truth(given):
    with pytest.raises(ValidationError, match="valid number"):
        Limits(share=given)


def test_a_list_of_toml_is_a_tuple():
    assert Range.model_validate({"words": ["a", "b"]}).words == ("a", "b")
    with pytest.raises(ValidationError, match="valid tuple"):
        Range.model_validate({"words": "ab"})


def test_a_least_above_the_most_is_an_error():
    assert Range(max_words=2).max_words == 2
    with pytest.raises(ValidationError, match="min_words = 2 lies above max_words = 1: change one of them"):
        Range(max_words=1)


def test_only_a_pair_has_an_order():
    require_order({"min_a": 3, "max_b": 1, "max_a": None, "min_b": None})
