"""What goes wrong in a way the user can mend. Each message is one line that says what to do; bugs raise anything else."""


class StrataError(Exception):
    """Bad input, a missing home, a model that cannot be reached. The CLI prints the message and exits with 1."""


class PolicyError(StrataError):
    """`strata.toml` does not say what a policy may say."""


class PartitionKeyError(StrataError):
    """A partition key that is not SOURCE.SNAPSHOT[.SHARD]."""


class LandingError(StrataError):
    """Files that cannot be landed, or a landed partition that is in the way."""


class LakeError(StrataError):
    """The lake does not hold what was asked for, or holds it damaged."""


class NothingPromotedError(LakeError):
    """Nothing of a partition is promoted yet, or held where that is what was asked for. No damage: it may come."""


class DamagedError(LakeError):
    """A file of the lake is gone, or not as it was written."""


class OrchestratorError(StrataError):
    """Dagster's settings or storage in the home cannot be used."""


class LostRaceError(LakeError):
    """Another run promoted this partition first; `fingerprint` is the winner's."""

    def __init__(self, message: str, fingerprint: str) -> None:
        super().__init__(message)
        self.fingerprint = fingerprint


class LostLeaseError(LakeError):
    """This process was taken for dead, and others may have taken over what it was at."""
