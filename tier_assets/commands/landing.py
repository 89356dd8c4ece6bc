"""`strata init` and `strata land`: a home, and files into its landing zone."""

import click

from tier_assets.commands.face import Session
from tier_assets.commands.options import common
from tier_assets.keys import PartitionKey
from tier_assets.progress import TerminalNarrator


@click.command()
@common
def init() -> None:
    """Prepare a home: its folders, Dagster's settings, an empty policy."""
    session = Session.open()
    session.emit({"home": str(session.home.root)}, lambda: f"{session.home.root} is ready")


@click.command()
@click.argument("partition", metavar="SOURCE.SNAPSHOT[.SHARD]")
@click.argument("files", nargs=-1, required=True, metavar="FILE|DIR|s3://BUCKET/KEY|s3://BUCKET/DIR/...")
@click.option("--replace", is_flag=True, help="Replace a complete partition's files by other ones.")
@click.option("--reference", is_flag=True, help="Copy nothing: read the files where they lie.")
@common
def land(partition: str, files: tuple[str, ...], replace: bool, reference: bool) -> None:
    """Copy files into the landing zone and mark them complete.

    A folder of pages or source code is packed into one tar; of a folder of data files, here or in a bucket, all below it are
    landed. What is referenced must stay as it is: `strata materialize` looks whether it has changed.
    """
    session = Session.open()
    key = PartitionKey.parse(partition)
    report = TerminalNarrator().reporter(f"land {key}", session.say)
    landed = session.landing.land(key, files, replace=replace, reference=reference, report=report)
    for note in landed.notes:
        session.say(note)
    done = f"{len(landed.files)} file(s) {'referenced' if reference else 'landed'}"
    session.emit(
        {"partition": str(key), "landed": landed.changed, "files": list(landed.files)},
        lambda: f"{key}: {done}" if landed.changed else f"{key}: already landed, nothing to do",
    )
