"""A home: the folders a deployment lives in. `prepare` makes them; who calls it holds the home's lock."""

from dataclasses import dataclass
from pathlib import Path

from tier_assets.files.durable import write_text

_DAGSTER_YAML = """\
# Written by `strata init`; edit as you like, it is not written again.
telemetry:
  enabled: false
nux:
  enabled: false
# Else the terminal of `strata ui` shows every event of every run.
python_logs:
  python_log_level: INFO
# What a run says is in its events. Capturing its output takes four more processes, which tell a traceback on Ctrl-C.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
# One file for the events of all runs; Dagster's default is a file of 130 kB or more for each.
event_log_storage:
  module: dagster._core.storage.event_log
  class: ConsolidatedSqliteEventLogStorage
  config:
    base_dir:
      env: DAGSTER_HOME
# How many days evaluations of sensors and schedules are kept. How long runs are, the policy says: [retention] in strata.toml.
retention:
  sensor:
    purge_after_days: {skipped: 2, failure: 30, success: 30}
  schedule:
    purge_after_days: {skipped: 7, failure: 30, success: 30}
  auto_materialize:
    purge_after_days: {skipped: 2, failure: 30, success: 30}
concurrency:
  pools:
    default_limit: 2
    granularity: op
  runs:
    max_concurrent_runs: 2
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 86400
  free_slots_after_run_end_seconds: 60
# A run whose process was killed is tried once more; one that held its partition or failed is not.
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
"""

_STRATA_TOML = """\
# The policy of this home. Every value has a default with its source: docs/policy.md in the project.
#
# preset = "fineweb"               # or dclm, math, code: `strata policy --presets`; `strata policy` shows what is in force
#
# [selected]                       # frozen with the scorer: an edit counts from the next `strata train`
# keep_char_share = 0.1
#
# [selected.scorer]
# anchors = ["reference"]          # a source whose documents are good examples
# labels = ["labels.jsonl"]        # {"text": ..., "label": 0 or 1} per line
#
# [filtered.contamination]
# benchmarks = ["benchmarks"]      # folders of JSONL: what repeats a question is dropped
#
# [source.crawl.filtered]          # for partitions crawl.*
# min_language_score = 0.5
#
# [source.forge]
# domain = "code"                  # web, code, math, or a [domain.NAME] of your own
"""


@dataclass(frozen=True)
class Home:
    """Paths of a home."""

    root: Path

    @property
    def landing(self) -> Path:
        """What arrives."""
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        """Promoted tiers, candidates, caches, indexes."""
        return self.root / "lake"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def models(self) -> Path:
        """Trained models, named by their sha256."""
        return self.root / "models"

    @property
    def completions(self) -> Path:
        """The cache of language model answers."""
        return self.lake / "_cache" / "completions.sqlite"

    @property
    def facts(self) -> Path:
        """The full-text index of L4, derived from promoted facts."""
        return self.lake / "_index" / "facts.sqlite"

    @property
    def policy(self) -> Path:
        """The policy's overrides."""
        return self.root / "strata.toml"

    @property
    def lock(self) -> Path:
        """Held while the home is prepared or Dagster's storage changed."""
        return self.root / ".lock"

    @property
    def scorer_lock(self) -> Path:
        """Held while a scorer is trained."""
        return self.root / ".scorer.lock"

    @property
    def ui_lock(self) -> Path:
        """Held by the home's UI; says where it is."""
        return self.root / ".ui.lock"

    def prepare(self) -> bool:
        """Make what is missing; true if anything was."""
        made = False
        for folder in (self.landing, self.lake, self.dagster, self.models):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                made = True
        for path, text in ((self.dagster / "dagster.yaml", _DAGSTER_YAML), (self.policy, _STRATA_TOML)):
            if not path.exists():
                write_text(path, text)
                made = True
        return made
