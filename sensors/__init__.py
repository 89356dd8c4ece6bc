"""Inbound adapters: what makes Dagster start runs. Only `definitions.py` imports this package."""
