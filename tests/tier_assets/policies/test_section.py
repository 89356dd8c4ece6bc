import pytest
from pydantic import ValidationError

from tier_assets.policies.section import STRATA, Section, value


class Limits(Section):
    """An example."""

    least: int = value(3, "the least", STRATA, ge=0)


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
