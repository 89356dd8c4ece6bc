import json
import subprocess
import sys

import pytest

from tier_assets.cli import COMMANDS, main


@pytest.fixture
def cli(tmp_path, capsys):
    """Runs a command on a home of its own; returns (exit status, stdout, stderr)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(tmp_path / "home"), *map(str, arguments)])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


def test_the_commands_are_these():
    assert sorted(COMMANDS) == [
        "history", "init", "land", "lookup", "materialize", "policy", "promote", "read", "scrub", "status", "train", "ui",
    ]  # fmt: skip


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself_and_takes_the_common_options(cli, command):
    status, out, _ = cli(command, "--help")
    assert status == 0
    assert "--home DIR" in out
    assert "--json" in out


def test_the_options_go_before_or_after(cli, tmp_path, capsys):
    for arguments in (["--json", "status"], ["status", "--json"]):
        status, out, _ = cli(*arguments)
        assert (status, json.loads(out)) == (0, {"rows": []})
    with pytest.raises(SystemExit):
        main(["status", "--json", "--home", str(tmp_path / "other")])
    assert json.loads(capsys.readouterr().out) == {"rows": []}
    assert (tmp_path / "other" / "lake").is_dir()


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "golden"], ["read"], ["materialize", "--nonsense"], ["land", "crawl.1"], ["promote", "raw", "-p", "crawl.1"],
        ["promote", "raw", "-p", "crawl.1", "--reason", "  "], ["read", "raw", "--held"], ["read", "raw", "-o", "x.csv"],
        ["launch"], ["lookup"], ["ui", "--port", "99999"], ["policy", "--section", "x"],
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_one_line(cli, arguments):
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("strata: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["land", "crawl", "x.warc"], "is no partition key"),
        (["land", "../evil.1", "x.warc"], "is no partition key"),
        (["land", "crawl.1", "missing.warc"], "missing.warc"),
        (["materialize", "-p", "crawl.1"], "nothing has landed for crawl.1"),
        (["promote", "raw", "-p", "crawl.1", "--reason", "x"], "has no held candidate"),
        (["status", "-p", "a b"], "is no partition key"),
    ],
)
def test_an_error_ends_with_1_and_one_line_that_says_what_to_do(cli, arguments, message):
    status, out, err = cli(*arguments)
    assert (status, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_without_a_command_the_help_is_shown(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "materialize" in capsys.readouterr().err


def test_a_home_whose_path_reads_as_a_pattern_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["status", "--home", "/tmp/we[i]rd"])
    assert ended.value.code == 1
    assert "cannot hold [ ]" in capsys.readouterr().err


def test_a_wrong_policy_is_named(cli, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "strata.toml").write_text("[filtered]\nmin_lang = 3\n")
    status, _, err = cli("status")
    assert status == 1
    assert "filtered.min_lang" in err


def test_looking_at_an_empty_home_ends_with_0(cli):
    assert cli("status")[0] == 0
    assert cli("read", "raw")[:2] == (0, "")
    assert cli("history", "raw")[0] == 0
    assert json.loads(cli("lookup", "bridge", "--json")[1]) == {"facts": []}
    assert cli("materialize")[0] == 0


def test_the_process_of_a_command_looks_for_garbage_seldom_and_ends_in_silence(tmp_path):
    script = (
        "import atexit, gc; from tier_assets.cli import main\n"
        "before = gc.get_threshold()[0]\n"
        "atexit.register(lambda: print(gc.get_threshold()[0] > before, end=''))\n"
        "main()"
    )
    arguments = ["--home", str(tmp_path), "init"]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("True")
    assert done.stderr == ""


def test_the_module_is_a_program(tmp_path):
    command = [sys.executable, "-m", "tier_assets.cli", "--home", str(tmp_path)]
    done = subprocess.run([*command, "launch"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'launch'" in done.stderr


def test_naming_the_commands_loads_neither_dagster_nor_polars():
    script = "import sys, tier_assets.cli; print({'dagster', 'polars', 'numpy', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
