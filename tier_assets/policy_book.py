"""The policy of a home: `strata.toml` over the defaults of `policy.py`, for all sources or for one.

[filtered]                      # for all sources
min_language_score = 0.5

[source.crawl.filtered]         # for partitions crawl.*
min_language_score = 0.3
"""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from tier_assets.errors import PolicyError
from tier_assets.policy import Policy

# One landing zone, one language model, and one scorer with one cut serve all sources.
_OF_THE_HOME = frozenset({"landing", "language_model", "selected"})


class PolicyBook:
    """The home's policy: values for all sources, and what single sources override."""

    def __init__(self, values: dict[str, Any] | None = None, origin: str = "strata.toml") -> None:
        """`values` is the parsed TOML. Raises PolicyError naming the key and what is allowed."""
        common = dict(values or {})
        overrides = common.pop("source", {})
        if not isinstance(overrides, dict):
            raise PolicyError(f"{origin}: 'source' must be a table, e.g. [source.crawl.filtered]")
        for source, values_of_source in overrides.items():
            if not isinstance(values_of_source, dict):
                raise PolicyError(f"{origin}: source.{source} must be a table, e.g. [source.{source}.filtered]")
            for section in _OF_THE_HOME & values_of_source.keys():
                raise PolicyError(
                    f"{origin}: source.{source}.{section}: one value for all sources: write it in [{section}]"
                )
        self._common = common
        self._overrides: dict[str, dict[str, Any]] = overrides
        self._origin = origin
        self._cache: dict[str, Policy] = {}
        self.default = self.for_source("")
        for source in overrides:
            self.for_source(source)

    @classmethod
    def read(cls, path: Path) -> "PolicyBook":
        """The policy of a `strata.toml`; a file that does not exist gives the defaults."""
        if not path.exists():
            return cls()
        try:
            return cls(tomllib.loads(path.read_text("utf-8")), str(path))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PolicyError(f"{path}: not valid TOML: {error}") from None

    def for_source(self, source: str) -> Policy:
        """The values in force for partitions of `source`."""
        if source not in self._cache:
            merged = _merge(self._common, self._overrides.get(source, {}))
            try:
                self._cache[source] = Policy.model_validate(merged)
            except ValidationError as error:
                first = error.errors()[0]
                key = ".".join(str(part) for part in first["loc"])
                where = f"source.{source}.{key}" if source in self._overrides else key
                allowed = (
                    f"; known keys: {', '.join(_known(first['loc']))}" if first["type"] == "extra_forbidden" else ""
                )
                raise PolicyError(f"{self._origin}: {where}: {first['msg']}{allowed}") from None
        return self._cache[source]


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _known(location: tuple[int | str, ...]) -> list[str]:
    section: type[BaseModel] = Policy
    for part in location[:-1]:
        annotation = section.model_fields[str(part)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)
