"""Outbound adapters: storage, models, the orchestrator, the environment. Only `definitions.py` imports this package.

Delete it and every pure test still passes.
"""
