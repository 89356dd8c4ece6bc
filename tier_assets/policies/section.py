"""What every section of the policy is made of: values with a meaning and a source, and a digest over them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

FINEWEB = "FineWeb, arXiv 2406.17557"
GOPHER = "Gopher, arXiv 2112.11446, as in the FineWeb recipe"
PRESELECT = "PreSelect, arXiv 2503.00808"
STRATA = "Strata, see docs/decisions"

ANY_NAME = "NAME"
"""In a section's path: a name of the user's choice."""


def value(default: Any, meaning: str, source: str, **bounds: Any) -> Any:
    """A policy value: its default, what it means, where the default comes from, pydantic's bounds."""
    return Field(default, description=meaning, json_schema_extra={"source": source}, **bounds)


class Section(BaseModel):
    """A table of `strata.toml`. Unknown keys are errors."""

    # A default of 3 for a float is made 3.0, as what `strata.toml` gives is: equal values have equal digests. TOML has nan,
    # which is beyond no limit: a gate with it would be open. Strict: true is no number, and neither is "0.5".
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, given: Any) -> Any:
        """TOML has lists, a value that nobody may change is a tuple."""
        if not isinstance(given, Mapping):
            return given
        return {key: tuple(each) if isinstance(each, list) else each for key, each in given.items()}

    @model_validator(mode="after")
    def _limits_leave_something(self) -> Self:
        """A `min_` above the `max_` of the same name lets nothing through."""
        require_order(dict(self))
        return self

    @property
    def digest(self) -> str:
        """sha256 of the values in force: part of the fingerprint of every tier that reads them."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def require_order(values: Mapping[str, Any]) -> None:
    """Raises ValueError naming a `min_` value that lies above the `max_` value of the same name."""
    for name, least in values.items():
        most = values.get(name.replace("min_", "max_", 1)) if name.startswith("min_") else None
        if least is not None and most is not None and least > most:
            raise ValueError(
                f"{name} = {least} lies above {name.replace('min_', 'max_', 1)} = {most}: change one of them"
            )


class Setting(NamedTuple):
    """One value in force. `key` is its path from the section asked, `source` is where the default comes from."""

    key: tuple[str, ...]
    value: Any
    default: Any
    meaning: str
    source: str


def settings(section: Section, above: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Every value of a section and of those within it, in the order in which they are declared."""
    for name, field in type(section).model_fields.items():
        found = getattr(section, name)
        key = (*above, name)
        if isinstance(found, Section):
            yield from settings(found, key)
        elif found and isinstance(found, Mapping) and all(isinstance(each, Section) for each in found.values()):
            for word, each in found.items():
                yield from settings(each, (*key, word))
        else:
            default = field.get_default(call_default_factory=True)
            yield Setting(key, found, default, field.description or "", source_of(field))


def source_of(field: FieldInfo) -> str:
    """Where a value's default comes from."""
    extra = field.json_schema_extra
    return str(extra["source"]) if isinstance(extra, dict) else ""


def nested(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, if it holds one."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def nested_by_name(field: FieldInfo) -> type[Section] | None:
    """The section of which a field holds several under names of the user's choice, if it does."""
    kind = get_args(field.annotation)[1:] if get_origin(field.annotation) is dict else ()
    return kind[0] if kind and isinstance(kind[0], type) and issubclass(kind[0], Section) else None


def sections(of: type[Section], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    """Every section within a section with its path, in the order in which they are declared; NAME is the user's choice."""
    for name, field in of.model_fields.items():
        path, below = (*above, name), nested(field)
        if below is None:
            path, below = (*path, ANY_NAME), nested_by_name(field)
        if below is not None:
            yield path, below
            yield from sections(below, path)
