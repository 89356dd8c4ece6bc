"""What happens by the clock: the nightly refresh, which requests what the plan calls new or stale, a run per partition;
maintenance; and the scrub of every file. The plan is `planning.py`'s, how long Dagster's history is kept
`promotion/retention.py`'s, what a file is held against `scrubbing/`'s.
"""

import datetime
from collections.abc import Iterator, Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from tier_assets import planning
from tier_assets.errors import StrataError
from tier_assets.home import Home
from tier_assets.inference import LanguageModel, TextClassifier, identity
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.promotion.retention import retire_runs
from tier_assets.scrubbing.whole import scrub as scrub_all
from tier_assets.tiers import Tier

_RUNS_A_NIGHT = 2_000
_SENTENCES = 20


def refresh_job() -> UnresolvedAssetJobDefinition:
    """All tiers of one partition; each skips itself when it is current."""
    return dg.define_asset_job(
        "refresh",
        selection=dg.AssetSelection.assets(*(tier.asset_name for tier in Tier)),
        partitions_def=PARTITIONS,
        description="Brings all tiers of a partition up to date. Tiers that are current compute nothing.",
    )


def refresh_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Every night at 02:00; starts stopped, since refreshing may spend money on a language model."""

    @dg.schedule(job=job, cron_schedule="0 2 * * *", name="nightly_refresh", execution_timezone="UTC")
    def nightly_refresh(
        context: dg.ScheduleEvaluationContext,
        lake: dg.ResourceParam[Lake],
        landing: dg.ResourceParam[LandingZone],
        policies: dg.ResourceParam[PolicyBook],
        language_identifier: dg.ResourceParam[TextClassifier],
        language_model: dg.ResourceParam[LanguageModel],
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        """One run for each partition that has work, with only the tiers that have it."""
        models = {
            "language_identifier": lambda: language_identifier.digest,
            "language_model": lambda: identity(language_model),
        }
        try:
            arrivals = {each.key: each for each in landing.arrivals_now(policies.default.landing.settle_seconds)}
            needs = planning.plan(lake, arrivals, policies, models)
        except StrataError as error:
            yield dg.SkipReason(str(error))
            return
        requests = list(_requests(context, needs))
        yield from requests
        if not requests:
            yield dg.SkipReason("every partition is current, held or blocked")

    return nightly_refresh


def _requests(context: dg.ScheduleEvaluationContext, needs: Sequence[planning.Need]) -> Iterator[dg.RunRequest]:
    night = context.scheduled_execution_time.date().isoformat()
    known = set(context.instance.get_dynamic_partitions(PARTITIONS.name or ""))
    for key in dict.fromkeys(need.key for need in needs if need.runs):
        if str(key) not in known:
            context.instance.add_dynamic_partitions(PARTITIONS.name or "", [str(key)])
        tiers = [need.tier.asset_name for need in needs if need.key == key and need.runs]
        yield dg.RunRequest(
            run_key=f"{night}:{key}",
            partition_key=str(key),
            asset_selection=[dg.AssetKey(name) for name in tiers],
            tags={"strata/trigger": "schedule"},
        )


@dg.op(tags={"strata/kind": "maintenance"})
def retire_history(context: dg.OpExecutionContext, policies: dg.ResourceParam[PolicyBook]) -> None:
    """Deletes old runs of Dagster's, after what is promoted by them is reported without them."""
    now = datetime.datetime.now(datetime.UTC)
    try:
        done = retire_runs(context.instance, policies.default.retention, now, at_most=_RUNS_A_NIGHT)
    except StrataError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    context.log.info(done)


@dg.job(description="Keeps the home small: deletes old runs of Dagster's as the policy's [retention] says.")
def maintenance() -> None:
    """Every op is a task of its own: what else is to be done by the clock, without a partition, goes here."""
    retire_history()


@dg.op(tags={"strata/kind": "maintenance"})
def scrub_home(
    context: dg.OpExecutionContext, home: dg.ResourceParam[Home], narrator: dg.ResourceParam[Narrator]
) -> None:
    """Reads every file of the home again; fails with a sentence for each that is damaged, and what to do about it."""
    findings = scrub_all(home, [], narrator.reporter("scrub", context.log.info))
    found = findings.sentences
    if found:
        more = [f"and {len(found) - _SENTENCES:,} more: `strata scrub` tells all"] if len(found) > _SENTENCES else []
        raise dg.Failure("\n".join([*found[:_SENTENCES], *more]), allow_retries=False)
    context.log.info(f"{findings.checked:,} files looked at, none damaged")


@dg.job(description="Reads every file of the home again and fails with the names of those that are damaged.")
def scrub() -> None:
    """Only reads, but for removing derived files that are damaged."""
    scrub_home()


def scrub_schedule() -> dg.ScheduleDefinition:
    """On the first of every month at 05:00; starts running: what nobody reads is else found damaged when it is needed."""
    return dg.ScheduleDefinition(
        name="monthly_scrub",
        job=scrub,
        cron_schedule="0 5 1 * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        tags={"strata/trigger": "schedule"},
    )


def maintenance_schedule() -> dg.ScheduleDefinition:
    """Every night at 04:30; starts running, since it costs nothing and without it Dagster's storage only grows."""
    return dg.ScheduleDefinition(
        name="nightly_maintenance",
        job=maintenance,
        cron_schedule="30 4 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        tags={"strata/trigger": "schedule"},
    )
