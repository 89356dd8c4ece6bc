import pytest

from tier_assets.inference import ModelUnavailableError
from tier_assets.keys import SCORER_KEY, PartitionKey
from tier_assets.landing.zone import Arrival
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS, dependents, plan
from tier_assets.policy_book import PolicyBook
from tier_assets.schemas import DECISIONS, ROWS, SCORERS, TABLES
from tier_assets.staleness import fingerprint_parts, inputs_of
from tier_assets.tiers import Tier

MODELS = {"language_identifier": lambda: "lid", "language_model": lambda: "llm"}


def arrival(key, digest="1" * 64, complete=True):
    return Arrival(key, (), complete, digest if complete else "")


def empty(table):
    schema = TABLES[table]
    return Outcome(schema.rows.polars.to_frame(), schema.decisions.polars.to_frame())


class World:
    """A lake in which tiers are promoted with the fingerprints that the plan expects."""

    def __init__(self, lake):
        self.lake = lake
        self.book = PolicyBook()
        self.models = dict(MODELS)
        self.arrivals = {}

    def land(self, key, digest="1" * 64):
        self.arrivals[key] = arrival(key, digest)

    def promote(self, key, *tiers, outcome=None):
        for tier in tiers:
            parts = self.parts(key, tier)
            staged = self.lake.stage(tier, key, outcome or empty(tier), basis=self.lake.basis(tier, key), parts=parts)
            self.lake.promote(staged)

    def parts(self, key, tier):
        inputs = inputs_of(CONTRACTS[tier], key, self.lake, self.book, self.arrivals.get(key))
        return fingerprint_parts(CONTRACTS[tier], key, inputs, self.book, self.models)

    def hold(self, key, tier):
        parts = self.parts(key, tier)
        staged = self.lake.stage(tier, key, empty(tier), basis=self.lake.basis(tier, key), parts=parts)
        finding = {"check": "volume", "metric": "rows_kept", "meaning": "m", "allowed": ">= 1", "observed": 0.0,
                   "passed": False, "blocking": True}  # fmt: skip
        limits = self.book.for_source(key.source).audit.digest
        self.lake.record(staged.with_report("held", {"notes": ["a.warc: empty"], "limits": limits}, (finding,)))

    def states(self, **only):
        return {(str(need.key), need.tier.value): need.state for need in self.plan(**only)}

    def plan(self, **only):
        return plan(self.lake, self.arrivals, self.book, self.models, **only)

    def runs(self, **only):
        return [(str(need.key), need.tier.value, need.why) for need in self.plan(**only) if need.runs]


@pytest.fixture
def world(lake):
    return World(lake)


def test_a_landed_partition_runs_through_all_tiers(world, key):
    world.land(key)
    assert world.states()[str(key), "raw"] == "landed"
    assert [tier for _, tier, _ in world.runs()] == ["raw", "filtered", "selected", "refined", "organized"]


def test_nothing_runs_when_all_is_current(world, key):
    world.land(key)
    world.promote(key, *Tier)
    assert set(world.states().values()) == {"current"}
    assert world.runs() == []


def test_a_partition_still_arriving_waits(world, key):
    world.arrivals[key] = arrival(key, complete=False)
    assert world.states(tiers=[Tier.RAW]) == {(str(key), "raw"): "absent"}
    assert world.runs() == []


def test_new_files_make_everything_stale_and_say_so(world, key):
    world.land(key)
    world.promote(key, *Tier)
    world.land(key, "2" * 64)
    runs = world.runs()
    assert runs[0] == (str(key), "raw", "landed files changed")
    assert runs[1] == (str(key), "filtered", "raw is computed first")
    assert len(runs) == 5


def test_the_same_content_in_a_parent_means_nothing_to_do_below(world, key):
    world.land(key)
    world.promote(key, *Tier)
    world.land(key, "2" * 64)
    world.promote(key, Tier.RAW)
    assert world.runs() == []


def test_an_edited_policy_makes_only_its_tier_and_those_above_stale(world, key):
    world.land(key)
    world.promote(key, *Tier)
    world.book = PolicyBook({"refined": {"max_documents": 3}})
    assert [tier for _, tier, _ in world.runs()] == ["refined", "organized"]
    assert world.runs()[0][2] == "policy changed"


def test_a_policy_of_one_source_leaves_the_others_current(world, key):
    other = PartitionKey.parse("wiki.2026-08")
    for each in (key, other):
        world.land(each)
        world.promote(each, *Tier)
    world.book = PolicyBook({"source": {"wiki": {"raw": {"max_line_bytes": 9}}}})
    assert {partition for partition, _, _ in world.runs()} == {"wiki.2026-08"}


def test_another_language_model_is_named_as_the_cause(world, key):
    world.land(key)
    world.promote(key, *Tier)
    world.models["language_model"] = lambda: "new"
    assert world.runs()[0] == (str(key), "refined", "language model llm -> new")


def test_a_model_that_cannot_be_asked_makes_nothing_stale(world, key):
    world.land(key)
    world.promote(key, *Tier)

    def unreachable():
        raise ModelUnavailableError("the server at x does not answer")

    world.models["language_model"] = unreachable
    need = next(need for need in world.plan() if need.tier is Tier.REFINED)
    assert (need.state, need.runs, need.why) == ("current", False, "the server at x does not answer")


def test_an_earlier_partition_of_the_source_makes_the_later_one_stale(world, documents):
    first, second = PartitionKey.parse("crawl.1"), PartitionKey.parse("crawl.2")
    for each in (first, second):
        world.land(each)
        world.promote(each, Tier.RAW)
    world.promote(second, Tier.FILTERED)
    assert world.states(tiers=[Tier.FILTERED])["crawl.2", "filtered"] == "current"
    world.promote(first, Tier.FILTERED, outcome=documents("a"))
    need = next(need for need in world.plan(tiers=[Tier.FILTERED]) if need.key == second)
    assert (need.state, need.why) == ("stale", "earlier partitions changed")


def test_a_later_partition_and_another_source_do_not(world, documents):
    first, second, other = (PartitionKey.parse(name) for name in ("crawl.1", "crawl.2", "wiki.0"))
    for each in (first, second, other):
        world.land(each)
        world.promote(each, Tier.RAW)
    world.promote(first, Tier.FILTERED, outcome=documents("a"))
    world.promote(second, Tier.FILTERED, outcome=documents("b"))
    world.promote(other, Tier.FILTERED, outcome=documents("c"))
    assert world.states(tiers=[Tier.FILTERED], partitions=[first])["crawl.1", "filtered"] == "current"


def test_a_held_fingerprint_is_not_computed_again_and_blocks_what_is_above(world, key):
    world.land(key)
    world.hold(key, Tier.RAW)
    assert world.states()[str(key), "raw"] == "held"
    assert world.states()[str(key), "filtered"] == "blocked"
    assert world.runs() == []
    assert world.plan()[0].why == "volume: rows_kept is 0, allowed >= 1; a.warc: empty"


def test_a_held_candidate_runs_again_when_its_inputs_changed(world, key):
    world.land(key)
    world.hold(key, Tier.RAW)
    world.land(key, "2" * 64)
    assert world.runs()[0] == (str(key), "raw", "landed files changed")


def test_a_held_candidate_runs_again_when_the_limits_of_the_gate_changed(world, key):
    world.land(key)
    world.hold(key, Tier.RAW)
    world.book = PolicyBook({"audit": {"warn_error_share": 0.5}})
    assert world.runs()[0] == (str(key), "raw", "the gate's limits changed")


def test_other_limits_make_nothing_promoted_stale(world, key):
    world.land(key)
    world.promote(key, *Tier)
    world.book = PolicyBook({"audit": {"warn_error_share": 0.5}})
    assert world.runs() == []


def test_a_new_scorer_makes_selection_stale(world, key):
    world.land(key)
    world.promote(key, *Tier)
    staged = world.lake.stage(SCORERS, SCORER_KEY, empty(SCORERS), basis=0, parts={})
    world.lake.promote(staged)
    assert [tier for _, tier, _ in world.runs()][:1] == ["selected"]


def test_new_labels_in_the_policy_make_selection_stale_while_there_is_no_scorer(world, key):
    world.land(key)
    world.promote(key, *Tier)
    world.book = PolicyBook({"selected": {"scorer": {"anchors": ["wiki"]}}})
    assert world.runs()[0][1] == "selected"


def test_a_run_that_is_at_work_shows_and_is_left_alone(world, key):
    world.land(key)
    world.lake.attempts(Tier.RAW, key).begin("run-1")
    assert world.states()[str(key), "raw"] == "running"
    assert world.runs(tiers=[Tier.RAW]) == []


def test_a_failed_try_runs_again(world, key):
    world.land(key)
    world.lake.attempts(Tier.RAW, key).fail("run-1", "the disk was full")
    assert world.states()[str(key), "raw"] == "failed"
    assert world.runs()[0] == (str(key), "raw", "the disk was full")


def test_every_tier_has_a_contract_of_its_own_table():
    assert [CONTRACTS[tier].table for tier in Tier] == list(Tier)
    assert set(ROWS) == set(DECISIONS) == set(CONTRACTS)


@pytest.mark.parametrize("tier", Tier)
def test_check_names_never_depend_on_the_policy_and_are_at_most_eight(tier):
    contract = CONTRACTS[tier]
    strict = PolicyBook({"audit": {"min_kept_share": 0.9}}).default
    for policy in (PolicyBook().default, strict):
        assert {expectation.check for expectation in contract.expectations(policy)} == set(contract.checks)
    assert len(contract.checks) <= 8


def test_a_held_new_version_does_not_block_what_is_above_the_served_one(world, key):
    world.land(key)
    world.promote(key, *Tier)
    world.land(key, "2" * 64)
    world.hold(key, Tier.RAW)
    assert world.states()[str(key), "raw"] == "held"
    assert world.states()[str(key), "filtered"] == "current"
    assert all(need.served for need in world.plan())


@pytest.mark.parametrize(
    ("scope", "upset"),
    [("snapshot", {"crawl.2.b"}), ("source", {"crawl.2.b", "crawl.3"}), ("global", {"crawl.2.b", "crawl.3", "wiki.3"})],
)
def test_partitions_of_the_scope_after_one_that_runs_are_computed_after_it(world, scope, upset):
    world.book = PolicyBook({"filtered": {"deduplication": {"scope": scope}}})
    keys = [PartitionKey.parse(name) for name in ("crawl.1", "crawl.2.a", "crawl.2.b", "crawl.3", "wiki.3")]
    for each in keys:
        world.land(each)
        world.promote(each, Tier.RAW, Tier.FILTERED)
    world.land(keys[1], "2" * 64)
    runs = {partition for partition, _, why in world.runs(tiers=[Tier.FILTERED]) if "deduplicated with" in why}
    assert runs == upset


@pytest.mark.parametrize(
    ("scope", "others"),
    [
        ("snapshot", ["crawl.2.b"]),
        ("source", ["crawl.2.b", "crawl.3"]),
        ("global", ["crawl.2.b", "wiki.2", "crawl.3"]),
    ],
)
def test_what_can_be_another_since_a_partition_was_computed_are_the_later_ones_of_its_family(scope, others):
    names = ["crawl.1", "crawl.2.a", "crawl.2.b", "wiki.2", "crawl.3"]
    known = [PartitionKey.parse(name) for name in names]
    book = PolicyBook({"filtered": {"deduplication": {"scope": scope}}})
    found = dependents([PartitionKey.parse("crawl.2.a")], known, book)
    assert [str(key) for key in found] == ["crawl.2.a", *others]


def test_nothing_computed_changes_nothing():
    assert dependents([], [PartitionKey.parse("crawl.1")], PolicyBook()) == []
