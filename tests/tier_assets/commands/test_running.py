import json

import pytest

from tier_assets.cli import main
from tier_assets.home import Home
from tier_assets.keys import SCORER_KEY
from tier_assets.lake.lake import Lake
from tier_assets.schemas import SCORERS

TEXT = (
    "The lighthouse of the northern cape was built in 1857 by the engineer Anna Lindqvist, who had studied the currents "
    "of the bay for eleven years. Its lamp burned rapeseed oil at first and was later fed with gas from the town. "
    "Fishermen of the coast paid for a third of the tower, and their names are carved into the lowest ring of granite. "
    "Today the tower is a museum, and the old lens, which weighs four tonnes, stands on the ground floor behind glass. "
    "Visitors may climb the stairs on Sundays and look at the cliffs where the first keepers kept a garden of cabbages."
)
OTHER = (
    "Bread rises because yeast eats the sugar of the dough and breathes out gas, which the gluten holds like a net. "
    "A cool night slows the yeast and gives the flour time to develop its taste, so bakers keep their dough in cellars. "
    "When the loaf goes into the oven the gas expands once more, and the crust is formed by the dry heat of the stones. "
    "Steam in the first minutes keeps the surface soft, so that the loaf can open where the baker has cut it. "
    "After that the oven must be dry, or the crust will be pale and leathery and the crumb will taste of raw flour."
)


class Cli:
    """The command on a home of its own."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys
        self.home = Home(folder / "home")
        self.lake = Lake(self.home.lake)

    def __call__(self, *arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--home", str(self.home.root), "--json"])
        out, err = self.capsys.readouterr()
        return ended.value.code, json.loads(out) if out else None, err

    def land(self, partition, *texts, replace=False):
        path = self.folder / "pages.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        assert self("land", partition, path, *(["--replace"] if replace else []))[0] == 0


@pytest.fixture
def cli(tmp_path, capsys):
    return Cli(tmp_path, capsys)


def states(document):
    return {(row["partition"], row["tier"]): row["state"] for row in document["rows"]}


def test_tables_of_the_policy_that_touch_nothing_are_remarked_on_before_the_work(cli):
    cli.land("crawl.1", TEXT)
    cli.home.policy.write_text("[source.craw]\n[domain.low]\n")
    status, document, err = cli("materialize", "--plan")
    assert (status, len(document["plan"])) == (0, 5)
    assert [line.split(": ")[3] for line in err.splitlines()] == ["source.craw", "domain.low"]


def test_a_landed_partition_is_materialized_up_to_the_tier_asked_for(cli):
    cli.land("crawl.1", TEXT, OTHER, "too short")
    status, document, _ = cli("materialize", "selected")
    assert status == 0
    assert set(states(document).values()) == {"current"}
    rows = {row["tier"]: row for row in document["rows"]}
    assert list(rows) == ["raw", "filtered", "selected"]
    assert (rows["filtered"]["rows_in"], rows["filtered"]["rows_kept"]) == (3, 2)
    assert sum(rows["filtered"]["dropped"].values()) == 1


def test_the_second_time_nothing_runs_and_no_run_is_recorded(cli):
    cli.land("crawl.1", TEXT)
    cli("materialize", "filtered")
    before = [version.run_id for version in cli.lake.versions("filtered", SCORER_KEY)]
    _, plan, _ = cli("materialize", "filtered", "--plan")
    assert [row["runs"] for row in plan["plan"]] == [False, False]
    assert cli("materialize", "filtered")[0] == 0
    assert [version.run_id for version in cli.lake.versions("filtered", SCORER_KEY)] == before


def test_a_plan_says_what_and_why_and_runs_nothing(cli):
    cli.land("crawl.1", TEXT)
    status, document, _ = cli("materialize", "--plan")
    assert status == 0
    assert [(row["tier"], row["runs"]) for row in document["plan"]][:2] == [("raw", True), ("filtered", True)]
    assert document["plan"][0]["why"] == "new"
    assert cli.lake.partitions("raw") == []


def test_only_the_new_snapshot_is_computed(cli):
    cli.land("crawl.1", TEXT)
    cli("materialize", "filtered")
    first = cli.lake.heads("filtered", "crawl")["crawl.1"]
    cli.land("crawl.2", OTHER)
    assert cli("materialize", "filtered")[0] == 0
    heads = cli.lake.heads("filtered", "crawl")
    assert heads["crawl.1"] == first
    assert heads["crawl.2"].number == 1


def test_a_duplicate_of_an_earlier_snapshot_is_dropped_with_its_original(cli):
    cli.land("crawl.1", TEXT)
    cli.land("crawl.2", TEXT, OTHER)
    assert cli("materialize", "filtered")[0] == 0
    _, decisions, _ = cli("read", "filtered", "-p", "crawl.2", "--decisions")
    dropped = [row for row in decisions["rows"] if not row["kept"]]
    _, kept, _ = cli("read", "filtered", "-p", "crawl.1")
    assert [(row["drop_reason"], row["duplicate_of"]) for row in dropped] == [("duplicate", kept["rows"][0]["doc_id"])]


def test_a_held_partition_ends_with_3_and_says_which_check_and_why(cli):
    path = cli.folder / "empty.jsonl"
    path.write_bytes(b"")
    cli("land", "crawl.1", path)
    status, document, err = cli("materialize", "filtered")
    assert status == 3
    assert states(document) == {("crawl.1", "raw"): "held", ("crawl.1", "filtered"): "blocked"}
    assert "held: raw crawl.1: completeness: files_empty is 1, allowed = 0" in err
    assert "Traceback" not in err
    again, _, err = cli("materialize", "filtered")
    assert again == 3
    assert len(cli.lake.candidates("raw", next(iter(cli.lake.partitions("raw"))))) == 1


def test_an_override_is_recorded_and_opens_the_gate(cli):
    good, bad = cli.folder / "good.jsonl", cli.folder / "empty.jsonl"
    good.write_text(json.dumps({"text": TEXT}) + "\n")
    bad.write_bytes(b"")
    cli("land", "crawl.1", good, bad)
    assert cli("materialize", "filtered")[0] == 3
    status, document, _ = cli("promote", "raw", "-p", "crawl.1", "--reason", "the source sends an empty file")
    assert (status, document["version"]) == (0, 1)
    _, history, _ = cli("history", "raw")
    assert [(entry["kind"], entry["reason"]) for entry in history["history"]] == [
        ("override", "the source sends an empty file")
    ]
    assert history["history"][0]["actor"]
    assert cli("materialize", "filtered")[0] == 0


def test_one_held_partition_does_not_stop_the_others(cli):
    empty = cli.folder / "empty.jsonl"
    empty.write_bytes(b"")
    cli("land", "crawl.1", empty)
    cli.land("wiki.1", OTHER)
    status, document, _ = cli("materialize", "filtered")
    assert status == 3
    assert states(document)["wiki.1", "filtered"] == "current"


def test_a_failure_ends_with_1_and_one_line(cli):
    cli.land("crawl.1", TEXT)
    cli.home.policy.write_text('[selected.scorer]\nlabels = ["nowhere.jsonl"]\n')
    status, document, err = cli("materialize", "selected")
    assert status == 1
    assert "nowhere.jsonl, which is no file: put it there" in err
    assert "Traceback" not in err
    assert states(document)["crawl.1", "selected"] == "failed"


def test_the_scorer_is_trained_once_by_the_first_selection_with_all_of_l1(cli):
    labels = [{"text": f"{TEXT} Part {number}.", "label": 1} for number in range(25)]
    labels += [
        {"text": f"buy cheap {number} now click here best price free {number}", "label": 0} for number in range(25)
    ]
    cli.home.root.mkdir()
    (cli.home.root / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
    cli.home.policy.write_text('[selected]\nkeep_char_share = 0.9\n[selected.scorer]\nlabels = ["labels.jsonl"]\n')
    cli.land("crawl.1", TEXT)
    cli.land("crawl.2", OTHER)
    assert cli("materialize", "selected")[0] == 0
    (scorer,) = cli.lake.read(SCORERS, SCORER_KEY).collect().to_dicts()
    assert [entry[0] for entry in json.loads(scorer["reference"])] == ["crawl.1", "crawl.2"]
    assert (cli.home.models / f"{scorer['sha256']}.bin").is_file()
    _, rows, _ = cli("read", "selected")
    assert all(row["scorer"] == scorer["sha256"] and 0 <= row["quality_score"] <= 1 for row in rows["rows"])


def test_a_scorer_is_trained_anew_by_command_and_makes_selection_stale(cli):
    labels = [{"text": f"{TEXT} Part {number}.", "label": 1} for number in range(25)]
    labels += [
        {"text": f"buy cheap {number} now click here best price free {number}", "label": 0} for number in range(25)
    ]
    cli.home.root.mkdir()
    (cli.home.root / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
    cli.home.policy.write_text('[selected]\nkeep_char_share = 0.9\n[selected.scorer]\nlabels = ["labels.jsonl"]\n')
    cli.land("crawl.1", TEXT)
    cli("materialize", "selected")
    more = json.dumps({"text": f"{OTHER} And so on.", "label": 1})
    (cli.home.root / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels) + more + "\n")
    assert not any(row["runs"] for row in cli("materialize", "selected", "--plan")[1]["plan"])
    status, document, _ = cli("train")
    assert (status, document["scorer"]["good"]) == (0, 26)
    stale = [row["tier"] for row in cli("materialize", "selected", "--plan")[1]["plan"] if row["runs"]]
    assert stale == ["selected"]


def test_a_value_that_the_scorer_does_not_follow_is_remarked_on_until_it_is_trained_anew(cli):
    labels = [{"text": f"{TEXT} Part {number}.", "label": 1} for number in range(25)]
    labels += [
        {"text": f"buy cheap {number} now click here best price free {number}", "label": 0} for number in range(25)
    ]
    cli.home.root.mkdir()
    (cli.home.root / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
    text = '[selected]\nkeep_char_share = 0.8\n[selected.scorer]\nlabels = ["labels.jsonl"]\n'
    cli.home.policy.write_text(text)
    cli.land("crawl.1", TEXT)
    cli("materialize", "selected")
    looks = (("materialize", "selected", "--plan"), ("materialize", "selected"), ("status",), ("policy",))
    assert {cli(*look)[2] for look in looks} == {""}
    cli.home.policy.write_text(text.replace("0.8", "0.7"))
    assert {cli(*look)[2] for look in looks} == {
        "strata: selected.keep_char_share 0.8 -> 0.7: counts from the next `strata train`, the promoted scorer keeps its own\n"
    }
    assert cli("train")[0] == 0
    assert cli("status")[2] == ""


def test_a_scorer_that_cannot_be_trained_is_held_and_says_why(cli):
    cli.land("crawl.1", TEXT)
    cli("materialize", "filtered")
    status, _, err = cli("train")
    assert status == 3
    assert "only 0 good and 0 bad examples" in err


def test_while_a_new_version_is_held_what_is_above_goes_on_with_the_old_one(cli):
    cli.land("crawl.1", TEXT)
    cli("materialize", "filtered")
    empty = cli.folder / "pages.jsonl"
    empty.write_bytes(b"")
    assert cli("land", "crawl.1", empty, "--replace")[0] == 0
    status, document, _ = cli("materialize", "selected")
    assert status == 3
    assert states(document) == {
        ("crawl.1", "raw"): "held", ("crawl.1", "filtered"): "current", ("crawl.1", "selected"): "current",
    }  # fmt: skip


def test_without_labels_everything_passes_unscored_with_a_warning(cli):
    cli.land("crawl.1", TEXT)
    _, document, _ = cli("materialize", "selected")
    selected = next(row for row in document["rows"] if row["tier"] == "selected")
    assert (selected["rows_kept"], selected["checks"]["warned"]) == (1, 1)
    assert cli("read", "selected")[1]["rows"][0]["quality_score"] is None
