"""What nobody in the economy sees; only evaluation may read it."""

from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.sources.economy.calendar import Calendar, Floats
from riskmodel.sources.economy.columns import counts, dates
from riskmodel.sources.economy.customs import declaration_ids, enterprise_ids
from riskmodel.sources.economy.history import History
from riskmodel.sources.economy.population import NEVER, Traits
from riskmodel.sources.economy.trade import Deals


def hidden_lives(history: History, traits: Traits, calendar: Calendar) -> Any:
    """One row an enterprise: its quality, whether it games, and when it defaulted or left.

    `defaulted_on` is the end of the first month with 90 days past due, `null` if none.
    """
    last = history.states

    def month_end_or_null(months: Any) -> Any:
        """The end of each month, null where it never came."""
        never = months == NEVER
        return dates(calendar.month_end(np.where(never, 0, months)), missing=never)

    return pa.table(
        {
            "enterprise_id": enterprise_ids(np.arange(traits.count)),
            "quality": pa.array(traits.quality),
            "gamer": pa.array(traits.gamer),
            "entered_month": counts(traits.enters),
            "defaulted_on": month_end_or_null(last.defaulted[-1]),
            "exited_on": month_end_or_null(last.exited[-1]),
        }
    )


def hidden_months(
    history: History, hazard: Floats, demand: Floats, *, traits: Traits, calendar: Calendar
) -> Any:
    """One row an enterprise and month that it lived through: the state at the month's end.

    `hazard_12m` is the true probability of default within the twelve months that follow: what
    the oracle says as of the next month's first day.
    """
    states = history.states
    cell = np.nonzero(~np.isnan(hazard))
    month, enterprise = cell
    return pa.table(
        {
            "enterprise_id": enterprise_ids(enterprise),
            "month": dates(calendar.edges[month]),
            "cash_months": pa.array(states.cash_months[cell]),
            "demand": pa.array(demand[cell]),
            "distress": pa.array(states.distress[cell]),
            "arrears": counts(states.arrears[cell]),
            "drawn_cny": pa.array(states.drawn[cell]),
            "leverage": pa.array(traits.leverage[enterprise]),
            "hazard_12m": pa.array(hazard[cell]),
        }
    )


def staged_declarations(deals: Deals) -> Any:
    """The declarations that gamers staged."""
    return pa.table({"declaration_id": declaration_ids(np.flatnonzero(deals.staged))})
