"""Fidelity: the PD once a reason's feature has the reference group's value."""

import numpy as np
import pandas as pd

from riskmodel.datasets.panel import KEY
from riskmodel.explain.baseline import Baseline
from riskmodel.explain.strengths import compute_strengths
from riskmodel.model.reference_group import BLOCK


def measure_fidelity(baseline: Baseline, rows: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    """Compute of each reason: keys, rank, family, feature, pd_12m, pd_at_reference, `strongest`.

    `pd_at_reference` is the probability of default with the feature alone set to the reference group's value.
    `strongest` says whether the feature is its family's strongest: where it is not, that one would
    not have lowered the risk by itself.
    """
    place = pd.Series(np.arange(len(rows)), index=pd.MultiIndex.from_frame(rows[KEY]))
    row = place.loc[pd.MultiIndex.from_frame(reasons[KEY])].to_numpy()
    feature = pd.Index(baseline.inputs.names).get_indexer(pd.Index(reasons["feature"]))
    family = pd.Index(baseline.families).get_indexer(pd.Index(reasons["family"]))
    matrix, raw_of = baseline.inputs.matrix(rows), baseline.model.ranker.raw_of
    then = np.empty(len(row))
    for start in range(0, len(row), BLOCK):
        part = slice(start, start + BLOCK)
        changed = matrix[row[part]]
        changed[np.arange(len(changed)), feature[part]] = baseline.reference_values[feature[part]]
        then[part] = raw_of(changed)
    known = compute_strengths(baseline, rows).drop(columns="base").to_numpy()
    most = np.where(baseline.members[family], known[row], -np.inf).max(axis=1, initial=-np.inf)
    pd_of = baseline.model.calibration.pd
    return reasons[[*KEY, "rank", "family", "feature"]].assign(
        pd_12m=pd_of(raw_of(matrix))[row],
        pd_at_reference=pd_of(then),
        strongest=known[row, feature] == most,
    )
