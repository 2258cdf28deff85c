"""Facts of a publication, beside its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd

Verdict = Literal["pass", "pass with conditions", "fail"]


@dataclass(frozen=True)
class PublicationFacts:
    """The run, the model and the checks that published rows come from.

    `attempt` counts the publications of one run: a second call with the same run and attempt is a
    resumed one and writes nothing new. `policy` holds the terms in force as plain values (texts,
    numbers, dates, lists, tables). `headline` pairs a label with its figure as text, in the order
    in which the report shows them: ranking with its interval, calibration. `checks` has the
    columns of CHECK_COLUMNS. `outcome_name` says what the PD is of: "default within 12 months".
    `agreements_left_out` counts the agreements in force with banks that the run leaves out.
    """

    run_id: str
    attempt: int
    model_name: str
    model_version: str
    model_fingerprint: str
    data_fingerprint: str
    policy: Mapping[str, Any]
    valid_until: date
    verdict: Verdict
    override_reason: str
    checks: pd.DataFrame
    limitations: tuple[str, ...]
    conditions: tuple[str, ...]
    headline: Mapping[str, str]
    outcome_name: str
    agreements_left_out: int = 0


@dataclass(frozen=True)
class Publication:
    """A folder that a bank may read: which revision it is, and what its manifest says."""

    folder: Path
    revision: int
    manifest: Mapping[str, Any]


CHECK_COLUMNS = ("check", "passed", "value", "low", "high", "threshold", "text")
