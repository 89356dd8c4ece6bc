import re

import yaml

from tier_assets.home import Home
from tier_assets.policy_book import PolicyBook


def test_a_home_is_made_once_and_never_overwritten(tmp_path):
    home = Home(tmp_path / "h")
    assert home.prepare()
    assert not home.prepare()
    home.policy.write_text("[raw]\nmax_line_bytes = 7\n")
    home.prepare()
    assert PolicyBook.read(home.policy).default.raw.max_line_bytes == 7


def test_the_new_policy_file_is_a_valid_policy(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    assert PolicyBook.read(home.policy).default.selected.keep_char_share == 0.1


def test_every_line_of_the_new_policy_file_may_be_uncommented(tmp_path):
    """Alone with its table, and all of them together."""
    home = Home(tmp_path)
    home.prepare()
    text = re.sub(r"^# (?=\[|\w+ = )", "", home.policy.read_text(), flags=re.MULTILINE)
    assert text.count("\n#") < text.count("=")
    home.policy.write_text(text)
    book = PolicyBook.read(home.policy)
    assert (book.preset_of(), book.domain_of("forge")) == ("fineweb", "code")
    assert book.default.filtered.contamination.benchmarks == ("benchmarks",)
    assert book.default.selected.scorer.anchors == ("reference",)


def test_dagster_starts_without_telemetry_and_advertising(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    settings = yaml.safe_load((home.dagster / "dagster.yaml").read_text())
    assert settings["telemetry"] == {"enabled": False}
    assert settings["nux"] == {"enabled": False}
