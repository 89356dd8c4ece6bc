"""The `strata` command: options and errors common to all. What each command does is in `commands/`, one module per group."""

import io
import sys
from collections.abc import Sequence

import click
import polars as pl

from tier_assets.commands.face import common
from tier_assets.commands.landing import init, land
from tier_assets.commands.looking import history, lookup, read, status
from tier_assets.commands.policy import policy
from tier_assets.commands.running import materialize, promote, train
from tier_assets.commands.serving import ui
from tier_assets.errors import StrataError

_FAILED, _MISUSED, _INTERRUPTED = 1, 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@common
def strata() -> None:
    """Turn raw dumps into LLM training data in five audited tiers: raw, filtered, selected, refined, organized."""


for command in (init, land, materialize, status, read, history, promote, train, lookup, policy, ui):
    strata.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; errors are one line on stderr. Exit status: 1 failed, 2 wrong usage, 3 held or blocked."""
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
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        _complain(f"a file of the lake is damaged ({error}): restore it from a backup")
        sys.exit(_FAILED)
    sys.exit(status_code if isinstance(status_code, int) else 0)


def _complain(message: str) -> None:
    print(f"strata: {' '.join(message.split())}", file=sys.stderr)
