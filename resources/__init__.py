"""Outbound adapters: storage, models, the orchestrator, the environment.

Only `definitions.py` and `opening.py` import this package. Delete it and every pure test still passes.
"""
