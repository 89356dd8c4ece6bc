"""The process in which the embedded model runs: llama.cpp's server on a random loopback port, until its parent is gone.

Started by `embedded_server.py` with one JSON line on stdin (paths, sizes, the key); answers one JSON line on stdout
(`url` or `error`). A process of its own because the server's destructor can wait for ever (seen on a busy machine with
xllamacpp 2026.10.11549: stopped before its loop began, or with a request in flight), and because a grammar or a prompt
that makes llama.cpp abort must not take a materialization with it.
"""

import json
import os
import select
import sys
from typing import Any

_POLL_SECONDS = 1.0


def start(settings: dict[str, Any]) -> Any:
    """llama.cpp's server for these settings; it runs as long as the object lives. Raises RuntimeError."""
    # OpenMP's threads spin at every barrier by default: on a busy machine that is 5 tokens/s instead of 30.
    os.putenv("OMP_WAIT_POLICY", "PASSIVE")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["gguf"]
    params.model_alias = {settings["name"]}
    params.n_parallel = settings["slots"]
    # Shared by the slots.
    params.n_ctx = settings["context_tokens"] * settings["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.api_keys = [settings["key"]]
    # Else any page in a browser may read the answers.
    params.cors_origins = "http://127.0.0.1"
    params.endpoint_slots = False
    # Else up to 8 GiB of old prompts.
    params.cache_ram_mib = 0
    params.warmup = False
    params.ui = False
    params.verbosity = 0
    return xllamacpp.Server(params)


def main() -> None:
    """Serve until stdin ends or the parent is another: a parent killed by -9 leaves nothing behind."""
    parent = os.getppid()
    settings = json.loads(sys.stdin.readline())
    try:
        server = start(settings)
    except RuntimeError as error:
        answer = {"error": str(error)}
    else:
        answer = {"url": f"{server.listening_address}/v1"}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    while "url" in answer and os.getppid() == parent:
        ready, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
        if ready and not sys.stdin.read(1):
            break
    # Not a return: the server's destructor may never end.
    os._exit(0)


if __name__ == "__main__":
    main()
