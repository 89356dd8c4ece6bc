"""The `strata` command: options and errors common to all. What each command does is in `commands/`, one module per group."""

import atexit
import gc
import importlib
import io
import sys
from collections.abc import Sequence

import click

from tier_assets.commands.options import common
from tier_assets.errors import StrataError

COMMANDS = {
    "init": "landing",
    "land": "landing",
    "materialize": "running",
    "status": "looking",
    "read": "reading",
    "history": "looking",
    "promote": "running",
    "train": "running",
    "lookup": "looking",
    "policy": "policy",
    "scrub": "scrubbing",
    "ui": "serving",
}
"""Name to the module that has it."""

_FAILED, _MISUSED, _INTERRUPTED = 1, 2, 130
_COLLECT_AFTER = 50_000


class _Group(click.Group):
    """Loads a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"tier_assets.commands.{COMMANDS[cmd_name]}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@common
def strata() -> None:
    """Turn raw dumps into LLM training data in five audited tiers: raw, filtered, selected, refined, organized."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; errors are one line on stderr. Exit status: 1 failed, 2 wrong usage, 3 held or blocked."""
    if arguments is None:
        _keep_what_is_loaded()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Documents are in all languages, whatever the terminal's locale is.
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        status_code = strata.main(arguments, prog_name="strata", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        sys.exit(_MISUSED)
    except click.UsageError as error:
        hint = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
        _complain(f"{error.format_message()}{hint}")
        sys.exit(_MISUSED)
    except click.ClickException as error:
        _complain(error.format_message())
        sys.exit(_FAILED)
    except StrataError as error:
        _complain(str(error))
        sys.exit(_FAILED)
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted: what was promoted stays promoted, run the command again to go on")
        sys.exit(_INTERRUPTED)
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        sys.exit(_FAILED)
    except _signs_of_damage() as error:
        _complain(f"a file of the lake is damaged ({error}): restore it from a backup")
        sys.exit(_FAILED)
    sys.exit(status_code if isinstance(status_code, int) else 0)


def _keep_what_is_loaded() -> None:
    """Look for garbage seldom, and not at the end: nearly all objects are modules and what they define, and going through
    them again and again took a quarter of the seconds that a small command takes.
    """
    gc.set_threshold(_COLLECT_AFTER)
    atexit.register(gc.freeze)


def _signs_of_damage() -> tuple[type[BaseException], ...]:
    """What Polars raises. A function, since without such an error there may be no need to load it."""
    from polars.exceptions import PanicException, PolarsError

    return PolarsError, PanicException


def _complain(message: str) -> None:
    print(f"strata: {' '.join(message.split())}", file=sys.stderr)


if __name__ == "__main__":
    main()
