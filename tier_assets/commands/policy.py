"""`strata policy`: the values in force and where each is from, and the presets there are. It changes nothing."""

import json
from collections.abc import Sequence
from typing import Any

import click

from tier_assets.commands.face import Session, table
from tier_assets.commands.options import common
from tier_assets.policies.complaints import did_you_mean
from tier_assets.policies.preset_files import DOMAINS, Preset, presets
from tier_assets.policies.section import ANY_NAME, sections
from tier_assets.policy import Policy
from tier_assets.policy_book import InForce, PolicyBook

# A list of words would push the column that says where it is from off the screen; --json has all of it.
_SHOWN_CHARS = 40
_AT_ONCE = "at once: what was made with another value is stale"
_COUNTS = {
    "landing": "from the next look into the landing zone",
    "selected": "from the next `strata train`, once a scorer is promoted",
    "audit": "for what is judged from now on, and again for what is held; what is promoted stays promoted",
    "cost": "for what is promoted from now on; versions keep the tokens and the cost that they were promoted with",
    "language_model": "from the next run; what another model wrote is stale, how it is asked changes no result",
    "execution": "from the next run; it changes no result",
    "retention": "from the next maintenance; it changes no result",
}
"""When an edit of a section counts, where that is not at once."""


@click.command()
@click.argument("source", required=False)
@click.option("--section", metavar="SECTION", help="Only this section, e.g. filtered or filtered.quality.")
@click.option("--changed", is_flag=True, help="Only what differs from the default.")
@click.option("--presets", "list_presets", is_flag=True, help="List the presets instead.")
@common
def policy(source: str | None, section: str | None, changed: bool, list_presets: bool) -> None:
    """Show every value in force for a SOURCE, or for all sources, and where it is from.

    From the weakest to the strongest: the defaults, one preset, and in strata.toml the sections for all sources, those of
    the source's domain ([domain.NAME.SECTION]) and its own ([source.NAME.SECTION]). A source is of the domain web unless
    its table says otherwise: [source.NAME] domain = "code". A preset is chosen by preset = "NAME" at the top of the file,
    in a domain's or in a source's table; the nearest wins.
    """
    context = click.get_current_context()
    if list_presets and (source or section or changed):
        raise click.UsageError("--presets goes alone: it lists what can be chosen", ctx=context)
    known = [".".join(path) for path, _ in sections(Policy)]
    if section and section not in known:
        meant = did_you_mean(section, known) or f": use one of {', '.join(known)}"
        raise click.UsageError(f"--section {section}: there is no such section{meant}", ctx=context)
    session = Session.open()
    if list_presets:
        session.emit({"presets": [_preset_document(each) for each in presets().values()]}, _presets_text)
        return
    book = session.policies()
    landed = {*book.sources, *session.landing.landed_sources()} if source else set()
    if source and source not in landed:
        session.say(f"strata: nothing of {source!r} has landed{did_you_mean(source, landed)}")
    found = [
        each
        for each in book.in_force(source or "")
        if (not section or _within(each, section)) and (each.changed or not changed)
    ]
    session.remark_on_frozen_values()
    session.emit(_document(book, source, found), lambda: _text(book, source, found))


def _within(value: InForce, section: str) -> bool:
    parts = section.split(".")
    return len(value.setting.key) > len(parts) and all(
        part in (ANY_NAME, word) for part, word in zip(parts, value.setting.key, strict=False)
    )


def _document(book: PolicyBook, source: str | None, found: Sequence[InForce]) -> dict[str, Any]:
    return {
        "source": source,
        "domain": book.domain_of(source) if source else None,
        "preset": book.preset_of(source or ""),
        "values": [
            {
                "key": ".".join(each.setting.key),
                "value": each.setting.value,
                "from": each.origin,
                "line": each.line,
                "default": each.setting.default,
                "meaning": each.setting.meaning,
                "source_of_default": each.setting.source,
                "counts": _COUNTS.get(each.setting.key[0], _AT_ONCE),
            }
            for each in found
        ],
    }


def _text(book: PolicyBook, source: str | None, found: Sequence[InForce]) -> str:
    about = f"{source} (domain {book.domain_of(source)})" if source else "all sources"
    head = f"policy of {about}, preset {book.preset_of(source or '') or 'none'}"
    rows = [
        (
            ".".join(each.setting.key),
            _shown(each.setting.value),
            _shown(each.setting.default) if each.changed else "",
            each.origin,
        )
        for each in found
    ]
    if not rows:
        return f"{head}: every value is the default"
    shown = {each.setting.key[0] for each in found}
    counts = [f"an edit of {name} counts {when}" for name, when in _COUNTS.items() if name in shown]
    return "\n".join([head, table(("key", "value", "default", "from"), rows), *counts])


def _shown(value: Any) -> str:
    """A value as `strata.toml` would have it, cut where it is long."""
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"


def _preset_document(preset: Preset) -> dict[str, Any]:
    return {
        "name": preset.name,
        "title": preset.title,
        "source": preset.source,
        "domains": [domain for domain, name in DOMAINS.items() if name == preset.name],
        "values": preset.values,
    }


def _presets_text() -> str:
    rows = [(each.name, _default_of(each), each.title, each.source) for each in presets().values()]
    return table(("preset", "of the domain", "what it is", "source"), rows)


def _default_of(preset: Preset) -> str:
    return ", ".join(domain for domain, name in DOMAINS.items() if name == preset.name)
