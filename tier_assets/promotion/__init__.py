"""What every tier asset does: stage, audit, promote, and what Dagster is told of it."""
