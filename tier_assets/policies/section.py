"""What every section of the policy is made of: values with a meaning and a source, and a digest over them."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

FINEWEB = "FineWeb, arXiv 2406.17557"
GOPHER = "Gopher, arXiv 2112.11446, as in the FineWeb recipe"
PRESELECT = "PreSelect, arXiv 2503.00808"
STRATA = "Strata, see docs/decisions"


def value(default: Any, meaning: str, source: str, **bounds: Any) -> Any:
    """A policy value: its default, what it means, where the default comes from, pydantic's bounds."""
    return Field(default, description=meaning, json_schema_extra={"source": source}, **bounds)


class Section(BaseModel):
    """A table of `strata.toml`. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def digest(self) -> str:
        """sha256 of the values in force: part of the fingerprint of every tier that reads them."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
