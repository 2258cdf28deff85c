"""The stages in order: the only composer."""

from riskmodel.pipeline.bank_exclusions import exclusion_text
from riskmodel.pipeline.publication import Published, headline, publish
from riskmodel.pipeline.stages import (
    Explained,
    Learning,
    Validated,
    datasets,
    explain,
    features,
    limits,
    model,
    policy_of,
    profile,
    questions,
    sources,
    unknown_values,
    validate,
)
from riskmodel.runs.run_folder import Run, open_run

__all__ = [
    "Explained",
    "Learning",
    "Published",
    "Run",
    "Validated",
    "datasets",
    "exclusion_text",
    "explain",
    "features",
    "headline",
    "limits",
    "model",
    "open_run",
    "policy_of",
    "profile",
    "publish",
    "questions",
    "sources",
    "unknown_values",
    "validate",
]
