import click

from tier_assets.commands.options import common


@click.group(invoke_without_command=True)
@common
def group() -> None:
    pass


@group.command()
@common
@click.pass_context
def inner(context: click.Context) -> object:
    return context.find_root().obj


def test_the_common_options_are_kept_for_the_session_and_the_nearest_to_the_end_wins():
    assert group.main(["inner"], standalone_mode=False) == {}
    said = ["--home", "a", "--json", "inner", "--home", "b"]
    assert group.main(said, standalone_mode=False) == {"home": "b", "json": True}
