"""The options that every command has. Here and not in `face.py`, since `cli.py` needs them before it loads a command."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def common(command: Command) -> Command:
    """Add --home and --json; what is given nearer to the end wins."""
    home = click.option("--home", metavar="DIR", expose_value=False, callback=_keep, help="The home to work on.")
    as_json = click.option(
        "--json", is_flag=True, default=None, expose_value=False, callback=_keep, help="Print one JSON document."
    )
    return home(as_json(command))


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    options = context.find_root().ensure_object(dict)
    if value is not None:
        options[parameter.name] = value
