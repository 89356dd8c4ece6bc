import json
import subprocess
import sys
from contextlib import closing

import pytest

from tier_assets.cli import main
from tier_assets.errors import StrataError
from tier_assets.home import Home
from tier_assets.opening import find_home, open_landing_zone, open_language_identifier, open_language_model
from tier_assets.policy_book import PolicyBook

NOT_FOR_LOOKING = {
    "dagster", "sqlalchemy", "alembic", "grpc", "great_expectations", "duckdb", "numba", "trafilatura", "lxml", "pandas",
    "fasttext", "httpx", "requests",
}  # fmt: skip
_ASSETS = {
    f"tier_assets.{tier}.asset" for tier in ("l0_raw", "l1_filtered", "l2_selected", "l3_refined", "l4_organized")
}
_PROGRAM = """\
import json, sys
from tier_assets.cli import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A home with one landed partition."""
    folder = tmp_path_factory.mktemp("opened")
    page = folder / "page.jsonl"
    page.write_text('{"text": "hello"}\n')
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(folder / "home"), "land", "crawl.1", str(page)])
    assert ended.value.code == 0
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("init",),
        ("land", "crawl.2", "page.jsonl"),
        ("status",),
        ("materialize", "--plan"),
        ("history", "raw"),
        ("read", "raw"),
        ("lookup", "bridge"),
        ("policy",),
    ],
    ids=" ".join,
)
def test_a_command_that_starts_no_run_loads_neither_dagster_nor_what_only_a_run_needs(landed, arguments):
    command = [sys.executable, "-c", _PROGRAM, "--home", str(landed / "home"), *arguments]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, cwd=landed, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stderr.splitlines()[-1])
    assert {module.split(".")[0] for module in modules} & NOT_FOR_LOOKING == set()
    assert _ASSETS & set(modules) == set()


def test_a_home_is_found(tmp_path):
    assert find_home(str(tmp_path)) == Home(tmp_path)


def test_a_home_whose_path_is_a_pattern_is_refused(tmp_path):
    with pytest.raises(StrataError, match=r"cannot hold \*: choose another with --home"):
        find_home(str(tmp_path / "a*b"))


def test_a_landing_zone_is_the_homes_own(tmp_path):
    assert open_landing_zone(Home(tmp_path)).root == tmp_path / "landing"


def test_the_classifier_of_languages_is_the_installed_one():
    assert open_language_identifier().digest.startswith("8f3472cf")


def test_the_language_model_is_the_policys(tmp_path):
    home = Home(tmp_path)
    home.policy.write_text('[language_model]\nbackend = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    with closing(open_language_model(home, PolicyBook.read(home.policy))) as model:
        assert model.profile == "large"
