import dagster as dg
import pytest

from tier_assets.keys import PartitionKey
from tier_assets.landing.zone import LandingZone
from tier_assets.promotion.partitions import PARTITIONS, stray_keys


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def landing(tmp_path):
    return LandingZone(tmp_path / "landing")


def test_all_tiers_share_one_dynamic_definition():
    assert PARTITIONS.name == "snapshots"


def test_a_name_of_nothing_is_a_stray_and_so_is_what_is_no_key(instance, lake, landing):
    strays = stray_keys(instance, lake, landing, ["crawl.2026-08", "../evil"])
    assert strays["crawl.2026-08"].endswith(
        "crawl.2026-08: nothing of it has landed: `strata land crawl.2026-08 FILE...` adds it"
    )
    assert "'../evil' is no partition key" in strays["../evil"]


def test_what_has_landed_or_is_staged_or_promoted_is_none(instance, lake, landing, documents):
    landed, staged, promoted = (PartitionKey.parse(name) for name in ("crawl.1", "crawl.2", "crawl.3"))
    landing.folder(landed).mkdir(parents=True)
    lake.stage("filtered", staged, documents("a"), basis=0, parts={"code": "1"})
    lake.promote(lake.stage("filtered", promoted, documents("a"), basis=0, parts={"code": "1"}))
    assert stray_keys(instance, lake, landing, [str(landed), str(staged), str(promoted)]) == {}


def test_a_name_that_a_run_works_on_is_left_alone(instance, lake, landing):
    tags = {"dagster/partition": "crawl.2026-08"}
    instance.add_run(dg.DagsterRun(job_name="job", tags=tags, status=dg.DagsterRunStatus.STARTED))
    assert stray_keys(instance, lake, landing, ["crawl.2026-08"]) == {}
