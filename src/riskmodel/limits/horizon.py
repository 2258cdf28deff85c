"""Conversion of PDs over another horizon into twelve-month PDs, by a stated setting."""

from typing import Literal

import numpy as np
import pandas as pd

from riskmodel.errors import SettingsError

Conversion = Literal["refuse", "constant_hazard", "as_is"]
YEAR = 12


def convert_to_twelve_months(
    pd_horizon: pd.Series, horizon_months: int | None, conversion: Conversion
) -> pd.Series:
    """Convert a PD over `horizon_months` (None: ever, as far as seen) into one over twelve months.

    A twelve-month PD is untouched. "refuse" gives missing values, and those enterprises get no
    limit; "as_is" takes the value as it stands; "constant_hazard" is 1 - (1 - PD)^(12 / months),
    and a `SettingsError` where no horizon is known.

    >>> convert_to_twelve_months(pd.Series([0.19]), 24, "constant_hazard").round(3).tolist()
    [0.1]
    """
    if horizon_months == YEAR or conversion == "as_is":
        return pd_horizon
    if conversion == "refuse":
        return pd.Series(np.nan, index=pd_horizon.index, name=pd_horizon.name)
    if horizon_months is None:
        raise SettingsError(
            "limits.horizon_conversion: constant_hazard needs a horizon, and the labels have none. "
            "Set 'as_is' or 'refuse'."
        )
    return 1 - (1 - pd_horizon) ** (YEAR / horizon_months)
