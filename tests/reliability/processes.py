"""Where the processes of these tests come from: a fork server that has imported everything and touched nothing.

Each child is a real process with real signals, in milliseconds instead of the seconds that the imports take.
"""

import multiprocessing

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "tests.reliability.writers",
        "tests.reliability.commands",
        # The command loads these when asked for one, in front of the watch.
        *(f"tier_assets.commands.{name}" for name in ("landing", "looking", "policy", "running", "serving")),
        # And these where a run starts.
        "tier_assets.definitions",
    ]
)
