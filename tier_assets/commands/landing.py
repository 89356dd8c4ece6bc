"""`strata init` and `strata land`: a home, and files into its landing zone."""

from pathlib import Path

import click

from tier_assets.commands.face import Session, common
from tier_assets.definitions import orchestrator
from tier_assets.keys import PartitionKey


@click.command()
@common
def init() -> None:
    """Prepare a home: its folders, Dagster's settings, an empty policy."""
    session = Session.open()
    with orchestrator(session.home).instance():
        session.emit({"home": str(session.home.root)}, lambda: f"{session.home.root} is ready")


@click.command()
@click.argument("partition", metavar="SOURCE.SNAPSHOT[.SHARD]")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--replace", is_flag=True, help="Replace a complete partition's files by other ones.")
@common
def land(partition: str, files: tuple[Path, ...], replace: bool) -> None:
    """Copy files into the landing zone and mark them complete."""
    session = Session.open()
    key = PartitionKey.parse(partition)
    landed = session.landing.land(key, files, replace=replace)
    session.emit(
        {"partition": str(key), "landed": landed, "files": [path.name for path in files]},
        lambda: f"{key}: {len(files)} file(s) landed" if landed else f"{key}: already landed, nothing to do",
    )
