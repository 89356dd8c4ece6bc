"""The policy of a home, in layers: defaults, a preset, and what `strata.toml` says for all sources, a domain, one source.

preset = "dclm"                 # over the defaults, under all that follows
[filtered]                      # for all sources
min_language_score = 0.5

[domain.code.filtered.quality]  # for sources of the domain
min_words = 10

[source.crawl]                  # for partitions crawl.*
domain = "code"                 # "web" unless it says so
[source.crawl.filtered]
min_language_score = 0.3

One preset is in force for a source: its own, else its domain's, else the home's. Values are defined in `policy.py`,
presets and the domains that need no table in `policies/preset_files.py`.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tier_assets.errors import PolicyError
from tier_assets.policies.complaints import complaint, did_you_mean, where
from tier_assets.policies.layers import BESIDE_SECTIONS, Layer, giver, merged
from tier_assets.policies.positions import key_lines
from tier_assets.policies.preset_files import DEFAULT_DOMAIN, DOMAINS, presets
from tier_assets.policies.section import Setting, settings
from tier_assets.policy import Policy
from tier_assets.user_files import UserFiles

# One landing zone, one language model, one scorer with one cut and one machine serve all sources.
_OF_THE_HOME = frozenset({"landing", "language_model", "selected", "execution", "retention"})
_CATEGORIES = ("filtered", "urls", "categories")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_EXAMPLES = {"source": "crawl", "domain": "code"}


@dataclass(frozen=True)
class InForce:
    """One value in force for a source. `preset` is the preset it is from, `table` and `line` where `strata.toml` gives it."""

    setting: Setting
    preset: str | None = None
    table: str | None = None
    line: int | None = None

    @property
    def origin(self) -> str:
        """Where it is from, e.g. `default: Gopher`, `preset dclm`, `strata.toml [domain.code.filtered], line 7`."""
        if self.preset:
            return f"preset {self.preset}"
        if self.table is None:
            return f"default: {self.setting.source}"
        return f"strata.toml [{self.table}]" + (f", line {self.line}" if self.line else "")

    @property
    def changed(self) -> bool:
        """Whether it differs from the default: a preset may give what is the default anyway."""
        return bool(self.setting.value != self.setting.default)


class PolicyBook:
    """The home's policy: values for all sources, and what domains and single sources override."""

    def __init__(self, values: Mapping[str, Any] | None = None, origin: str = "strata.toml", *, text: str = "") -> None:
        """`values` is the parsed `text` of the file `origin`, beside which the files lie that values name.

        Raises PolicyError naming the line, the key and what is allowed.
        """
        self._origin, self._text = origin, text
        self.files = UserFiles(Path(origin).absolute().parent)
        common = dict(values or {})
        self._sources = self._tables("source", common.pop("source", {}))
        self._domains = self._tables("domain", common.pop("domain", {}))
        self._preset = self._known_preset((), common.pop("preset", None))
        self._common = common
        self._check()
        self._cache: dict[str, Policy] = {}
        self.default = self._validated(self._layers("", ""))
        for domain in self._domains:
            self._validated(self._layers("", domain))
        for source in self._sources:
            self.for_source(source)

    @classmethod
    def read(cls, path: Path) -> "PolicyBook":
        """The policy of a `strata.toml`; a file that does not exist gives the defaults."""
        if not path.exists():
            return cls(origin=str(path))
        try:
            text = path.read_text("utf-8")
            return cls(tomllib.loads(text), str(path), text=text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PolicyError(f"{path}: not valid TOML: {error}") from None

    @property
    def domains(self) -> list[str]:
        """Domains that a source may be of: the product's, and those with a table."""
        return list(dict.fromkeys((*DOMAINS, *self._domains)))

    @property
    def sources(self) -> list[str]:
        """Sources with a table."""
        return list(self._sources)

    def domain_of(self, source: str) -> str:
        """The domain of a source."""
        return str(self._sources.get(source, {}).get("domain", DEFAULT_DOMAIN))

    def preset_of(self, source: str = "") -> str | None:
        """The preset in force for a source; without one, the home's."""
        return self._preset_for(source, self.domain_of(source) if source else "")

    def for_source(self, source: str) -> Policy:
        """The values in force for partitions of `source`."""
        if source not in self._cache:
            self._cache[source] = self._validated(self._layers(source, self.domain_of(source)))
        return self._cache[source]

    def in_force(self, source: str = "") -> list[InForce]:
        """Every value in force for a source with its origin; without one, what all sources start from."""
        layers = self._layers(source, self.domain_of(source) if source else "")
        policy = self.for_source(source) if source else self.default
        return [self._traced(setting, giver(layers, setting.key)) for setting in settings(policy)]

    def idle(self, landed: Collection[str]) -> Iterator[str]:
        """A line for every table of a source of which nothing has landed, and of a domain that no source is of; and for
        categories of blocked URLs where no source that has them names lists.
        """
        for name in self._sources:
            if name not in landed:
                place = where(self._origin, ("source", name), self._lines)
                yield f"{place}: nothing of this source has landed{did_you_mean(name, landed)}"
        used = {self.domain_of(source) for source in (*landed, *self._sources)}
        for name in self._domains:
            if name not in used:
                place = where(self._origin, ("domain", name), self._lines)
                yield f'{place}: no source is of this domain: give one domain = "{name}" in its table [source.NAME]'
        yield from self._idle_categories(landed)

    def _idle_categories(self, landed: Collection[str]) -> Iterator[str]:
        """No error where the policy is read: all sources may be given the categories, and only some have lists."""
        idle: list[str] = []
        busy: set[str] = set()
        for source in (*landed, *self._sources):
            layer = giver(self._layers(source, self.domain_of(source)), _CATEGORIES)
            urls = self.for_source(source).filtered.urls
            if layer and urls.categories:
                place = where(self._origin, (*layer.table, *_CATEGORIES), self._lines)
                if urls.lists:
                    busy.add(place)
                elif source in landed:
                    idle.append(place)
        for place in dict.fromkeys(idle):
            if place not in busy:
                yield f"{place}: blocks nothing without lists: name them in filtered.urls.lists"

    def _traced(self, setting: Setting, layer: Layer | None) -> InForce:
        if layer is None:
            return InForce(setting)
        if layer.preset:
            return InForce(setting, preset=layer.preset)
        key = (*layer.table, *setting.key)
        return InForce(setting, table=".".join(key[:-1]), line=self._lines.get(key))

    def _layers(self, source: str, domain: str) -> list[Layer]:
        """What lies over the defaults, the weakest first. Without a source and a domain, what the home gives to all."""
        name = self._preset_for(source, domain)
        given = [Layer((), self._common)]
        for kind, table, values in (("domain", domain, self._domains), ("source", source, self._sources)):
            if table in values:
                sections = {key: each for key, each in values[table].items() if key not in BESIDE_SECTIONS[kind]}
                given.append(Layer((kind, table), sections))
        return [Layer((), presets()[name].values, preset=name), *given] if name else given

    def _preset_for(self, source: str, domain: str) -> str | None:
        own = self._sources.get(source, {}).get("preset") or self._domains.get(domain, {}).get("preset")
        return own or DOMAINS.get(domain) or self._preset

    def _validated(self, layers: Sequence[Layer]) -> Policy:
        try:
            return Policy.model_validate(merged(layers))
        except ValidationError as error:
            raise PolicyError(complaint(error, layers, Policy, self._origin, self._lines)) from None

    @cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        return key_lines(self._text)

    def _tables(self, kind: str, tables: Any) -> dict[str, dict[str, Any]]:
        """The tables of all sources or domains, each a dict under its name."""
        if not isinstance(tables, dict):
            raise PolicyError(
                f"{where(self._origin, (kind,), self._lines)} must be a table, e.g. [{kind}.{_EXAMPLES[kind]}.filtered]"
            )
        for name, table in tables.items():
            place = where(self._origin, (kind, name), self._lines)
            if not _NAME.fullmatch(name):
                raise PolicyError(f"{place}: a {kind} is named with small letters, digits and '-'")
            if not isinstance(table, dict):
                raise PolicyError(f"{place} must be a table, e.g. [{kind}.{name}.filtered]")
        return tables

    def _check(self) -> None:
        """What no section can say of itself: domains, presets, and sections that are the whole home's."""
        for kind, tables in (("domain", self._domains), ("source", self._sources)):
            for name, table in tables.items():
                for section in sorted(_OF_THE_HOME & table.keys()):
                    place = where(self._origin, (kind, name, section), self._lines)
                    raise PolicyError(f"{place}: one value for all sources: write it in [{section}]")
                self._known_preset((kind, name), table.get("preset"))
        for name, table in self._sources.items():
            if "domain" in table:
                self._known(("source", name, "domain"), table["domain"], self.domains, "or give it a [domain.NAME]")

    def _known_preset(self, table: tuple[str, ...], name: Any) -> str | None:
        return None if name is None else self._known((*table, "preset"), name, list(presets()))

    def _known(self, key: tuple[str, ...], name: Any, known: Sequence[str], otherwise: str = "") -> str:
        if name not in known:
            place = where(self._origin, key, self._lines)
            raise PolicyError(
                f"{place}: there is no {key[-1]} {name!r}{did_you_mean(name, known)}; use one of {', '.join(known)}"
                + (f" {otherwise}" if otherwise else "")
            )
        return str(name)
