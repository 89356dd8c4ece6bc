"""The domain of Strata and its asset graph: five tiers, one folder each, and the gate between them.

Adapters to the outside (storage, models, the orchestrator) live in `resources/`, what reacts to the outside in `sensors/`.
Importing anything here does no work: no environment, files, models or network.
"""
