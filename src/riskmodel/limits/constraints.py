"""Constraints on a book: each bank's budget and loss cap, its sectors, the destinations."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import SettingsError
from riskmodel.limits.economics import Pairs
from riskmodel.limits.policy import DESTINATION, SECTOR, Banks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BUDGET, LOSS_CAP = "bank_budget", "bank_loss_cap"
SECTOR_SHARE, DESTINATION_SHARE = "sector_share", "destination_share"
CONSTRAINT_KINDS = (BUDGET, LOSS_CAP, SECTOR_SHARE, DESTINATION_SHARE)
NOT_KNOWN = "not known"
NO_CONSTRAINT = -1


@dataclass(frozen=True)
class Constraints:
    """Constraints, and those that each pair's limit and expected loss count in.

    `table` has one row a row: bank ("" for all together), row, key (the sector or destination, else
    ""), capacity_cny. `limit_constraints` is pairs x 3 (budget, sector, destination), `loss_constraints` pairs
    x 1; -1 is no row.
    """

    table: pd.DataFrame
    limit_constraints: Ints
    loss_constraints: Ints

    def prices(self, of: pd.DataFrame) -> Floats:
        """Return another month's shadow prices in the order of these constraints; 0 where it has
        none."""
        keys = ["bank", "constraint", "segment"]
        found = self.table[keys].merge(
            of[[*keys, "shadow_price"]], on=keys, how="left", validate="1:1"
        )
        return found["shadow_price"].fillna(0.0).to_numpy(np.float64)


def build_constraints(
    scored: pd.DataFrame, pairs: Pairs, banks: Banks, *, price_table: pd.DataFrame | None = None
) -> Constraints:
    """Build the constraints of the banks' file that these enterprises can touch, and all that it
    names.

    A row that the file names and nobody can meet stands there empty: a misspelt name shows.
    An enterprise whose sector or destination is not known counts in a row of that name, unless no
    enterprise's is known. `price_table` are the rows of a month whose prices are to hold for some of its
    enterprises: what that month spread over sectors or destinations is spread here, whoever is
    asked.
    """
    kinds = set() if price_table is None else set(price_table["constraint"])
    sector, sectors = _encode_words(scored, SECTOR, spread=SECTOR_SHARE in kinds)
    destination, destinations = _encode_words(
        scored, DESTINATION, spread=DESTINATION_SHARE in kinds
    )
    met = set(sectors)
    sectors = _and_named(sectors, {word for bank in banks.bank for word in bank.max_sector_shares})
    destinations = _and_named(destinations, set(banks.destinations.max_shares))
    table = _all_constraints(banks, sectors, destinations, met)
    bounded = np.isfinite(table["capacity_cny"].to_numpy(np.float64))
    place = np.where(bounded, np.cumsum(bounded) - 1, NO_CONSTRAINT)
    place = np.append(place, NO_CONSTRAINT)
    count, last = len(banks.names), len(table)
    at_sector = 2 * count + pairs.bank * len(sectors) + sector[pairs.enterprise]
    at_sector = at_sector if sectors else np.full_like(at_sector, last)
    at_destination = (2 + len(sectors)) * count + destination[pairs.enterprise]
    at_destination = at_destination if destinations else np.full_like(at_destination, last)
    return Constraints(
        table=table[bounded].reset_index(drop=True),
        limit_constraints=np.column_stack(
            [place[pairs.bank], place[at_sector], place[at_destination]]
        ),
        loss_constraints=place[count + pairs.bank][:, None],
    )


def _all_constraints(
    banks: Banks, sectors: list[str], destinations: list[str], met: set[str]
) -> pd.DataFrame:
    """List the constraints, unbounded ones too: budgets, loss caps, sectors bank by bank, destinations.

    A sector that nobody is `met` in is bounded only by a bank that names it.
    """
    budgets = [(bank.name, BUDGET, "", bank.budget_cny) for bank in banks.bank]
    losses = [(bank.name, LOSS_CAP, "", bank.loss_cap_cny) for bank in banks.bank]
    of_sector = [
        (
            bank.name,
            SECTOR_SHARE,
            word,
            bank.sector_cap_cny(word) if word in met or word in bank.max_sector_shares else np.inf,
        )
        for bank in banks.bank
        for word in sectors
    ]
    of_destination = [
        ("", DESTINATION_SHARE, word, banks.destination_cap_cny(word)) for word in destinations
    ]
    every = [*budgets, *losses, *of_sector, *of_destination]
    return pd.DataFrame(every, columns=["bank", "constraint", "segment", "capacity_cny"])


def _and_named(met: list[str], named: set[str]) -> list[str]:
    """The words that occur, then those that the file names besides; none where none is known."""
    return [*met, *sorted(named - set(met))] if met else []


def refuse_closed_constraints(banks: Banks, floor_cny: float) -> None:
    """`SettingsError` that names the rows in which not even the smallest line fits.

    A budget, or a share of a named sector or destination, of 0 is a plain no and stands; one that
    is above 0 and below the smallest line says yes and means no.
    """
    stated = [(f"{bank.name}: budget_cny", bank.budget_cny) for bank in banks.bank]
    for bank in banks.bank:
        named = {f"{bank.name}: max_sector_shares.{one}": one for one in bank.max_sector_shares}
        stated += [(where, bank.sector_cap_cny(one)) for where, one in named.items()]
    stated += [
        (f"destinations: shares.{one}", banks.destination_cap_cny(one))
        for one in banks.destinations.max_shares
    ]
    closed = [where for where, capacity in stated if 0 < capacity < floor_cny]
    if closed:
        raise SettingsError(
            f"banks: {len(closed)} rows hold less than the smallest line of {floor_cny:,.0f} CNY"
            f" ({', '.join(closed[:3])}). Raise them, or set them to 0."
        )


def _encode_words(scored: pd.DataFrame, feature: str, *, spread: bool) -> tuple[Ints, list[str]]:
    """Encode each enterprise's word as its place among those that occur, in alphabetical order.

    A source that knows none has no rows of this kind: there is nothing to spread over.
    """
    nobody = np.zeros(len(scored), dtype=np.int64)
    if feature not in scored.columns or scored[feature].isna().all():
        return nobody, [NOT_KNOWN] if spread else []
    words = scored[feature].astype("object").where(scored[feature].notna(), NOT_KNOWN)
    codes, known = pd.factorize(words.astype("str"), sort=True)
    return codes.astype(np.int64), [str(word) for word in known]
