"""The months in order: every hidden state of the world, and every application."""

from dataclasses import dataclass

import numpy as np

from riskmodel.sources.economy.calendar import Floats
from riskmodel.sources.economy.flows import Flows
from riskmodel.sources.economy.parameters import Parameters
from riskmodel.sources.economy.population import Traits
from riskmodel.sources.economy.programme import (
    Applications,
    applications_of,
    joined,
    with_draws,
    with_lines,
    with_losses,
)
from riskmodel.sources.economy.randomness import stream
from riskmodel.sources.economy.state import (
    State,
    first_state,
    stacked,
    with_activity,
    with_arrears,
    with_cash,
    with_distress,
    with_exit,
)


@dataclass(frozen=True)
class History:
    """The states at the months' ends (fields months x enterprises), and the applications."""

    states: State
    applications: Applications


def lived(
    traits: Traits, flows: Flows, demand: Floats, *, parameters: Parameters, seed: int
) -> History:
    """The world's history; `demand` is months x enterprises, all causes together."""
    rng = stream(seed, "history")
    p = parameters.programme
    taste = p.taste_sigma * rng.standard_normal(traits.count)
    write_off_after = rng.integers(p.write_off_first, p.write_off_last + 1, traits.count)
    lgd = _losses_given_default(traits.count, parameters, rng)
    state, states, applied = first_state(traits, parameters, rng), [], []
    for month, now in enumerate(demand):
        state = with_cash(state, month, traits, flows=flows, parameters=parameters, rng=rng)
        state = with_distress(state, month, traits, flows=flows, demand=now, parameters=parameters)
        state = with_arrears(state, month, traits, parameters, rng)
        state = with_exit(state, month, traits, demand=now, parameters=parameters, rng=rng)
        asked = applications_of(state, month, traits, flows=flows, parameters=parameters, rng=rng)
        state = with_lines(state, month, asked)
        state = with_draws(state, month, taste, scale=flows.scale[month], parameters=parameters)
        state = with_losses(
            state, month, write_off_after=write_off_after, lgd=lgd, months=p.recovery_months
        )
        state = with_activity(state, month, parameters)
        states.append(state)
        applied.append(asked)
    return History(stacked(states), joined(applied))


def _losses_given_default(count: int, parameters: Parameters, rng: np.random.Generator) -> Floats:
    """Two humps, near the low and the high end."""
    p = parameters.programme
    high = rng.random(count) < p.lgd_high_share
    mean = np.where(high, p.lgd_high, p.lgd_low)
    return np.asarray(rng.beta(15 * mean, 15 * (1 - mean)), dtype=np.float64)
