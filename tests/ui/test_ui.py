"""What a user of the Dagster UI sees and clicks, in a real headless browser."""

import pytest

from tests.ui.conftest import GOOD, land
from tier_assets.keys import PartitionKey
from tier_assets.tiers import Tier

KEY = PartitionKey.parse("crawl.2026-08")
pytestmark = [pytest.mark.ui, pytest.mark.xdist_group("ui")]


def test_the_graph_shows_the_tiers_the_scorer_and_the_landing_zone(page):
    page.goto("/locations/strata/asset-groups/tiers")
    for name in ("landing", *(tier.asset_name for tier in Tier), "quality_scorer"):
        page.get_by_text(name, exact=True).first.wait_for()


def test_no_invitation_covers_the_page(page):
    page.goto("/locations/strata/asset-groups/tiers")
    page.get_by_text("l0_raw", exact=True).first.wait_for()
    assert page.get_by_text("newsletter").count() == 0


def test_a_promoted_partition_tells_what_was_kept_and_dropped(page):
    page.goto(f"/assets/l1_filtered?view=partitions&partition={KEY}")
    page.get_by_text("kept 1 of 2 (50.0%)").wait_for()
    page.get_by_text("strata/drops").wait_for()
    page.get_by_text("quality", exact=True).first.wait_for()


def test_a_promoted_partition_shows_its_checks(page):
    page.goto("/assets/l1_filtered?view=checks&checkDetail=content")
    page.get_by_text("no two kept texts are equal").wait_for()
    for name in ("conservation", "schema", "volume", "drops", "distribution", "content"):
        page.get_by_text(name, exact=True).first.wait_for()


def test_a_held_partition_shows_that_it_failed_and_why(page):
    page.goto("/assets/l0_raw?view=partitions&partition=broken.1")
    page.get_by_text("failed, and did not materialize this asset").wait_for()
    page.goto("/assets/l0_raw?view=checks&checkDetail=completeness")
    page.get_by_text("Execution history").wait_for()
    # The first such tab is the asset's, the second the check's own.
    page.get_by_text("Partitions", exact=True).nth(1).click()
    page.get_by_text("Select a partition to view details").wait_for()
    # The first is the selection, the last the list below it.
    page.get_by_text("broken.1", exact=True).filter(visible=True).last.click()
    page.get_by_text("files_empty is 1, allowed = 0").first.wait_for()


def test_the_run_of_a_held_partition_says_how_to_override(page, site):
    page.goto("/assets/l0_raw?view=partitions&partition=broken.1")
    page.get_by_role("link", name="View logs").or_(page.get_by_role("button", name="View logs")).first.click()
    page.get_by_text("raw broken.1 is held").first.wait_for()


def test_a_partition_is_materialized_by_clicking(page, site):
    before = site.lake.head("filtered", KEY).number
    site.home.policy.write_text("[refined]\nmax_documents = 0\n[filtered.quality]\nmin_words = 40\n")
    page.goto(f"/assets/l1_filtered?view=partitions&partition={KEY}")
    page.get_by_text("strata/summary").wait_for()
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="Launch 1 run").click()
    site.wait(lambda: site.lake.head("filtered", KEY).number == before + 1)
    page.goto(f"/assets/l1_filtered?view=partitions&partition={KEY}")
    page.get_by_text("filtered.quality.min_words 50 -> 40").wait_for()


def test_a_landed_partition_climbs_by_itself_and_a_held_one_stops(page, site):
    land(
        site.home, "crawl.2026-34", f'{{"text": "{GOOD.replace("lighthouse", "windmill").replace("tower", "hill")}"}}\n'
    )
    fresh = PartitionKey.parse("crawl.2026-34")
    site.wait(lambda: site.lake.head("organized", fresh))
    assert site.lake.head("filtered", PartitionKey.parse("broken.1")) is None
    page.goto("/assets/l4_organized?view=partitions&partition=crawl.2026-34")
    page.get_by_text("kept 0 of 0").wait_for()
