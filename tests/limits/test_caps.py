import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.limits import Policy
from riskmodel.limits.caps import PARTS, compute_caps

MONEY = st.floats(0, 1e8)


def one(**features: float) -> pd.DataFrame:
    return pd.DataFrame({"enterprise_id": ["E1"], **{name: [v] for name, v in features.items()}})


def test_a_dollar_gives_a_yuan_on_the_platform_and_80_fen_off_it(policy: Policy) -> None:
    caps = compute_caps(
        one(exports_usd_12m=1_000_000.0, exports_platform_usd_12m=250_000.0), policy
    )
    assert caps["exports_ratio"].tolist() == [250_000.0 + 0.8 * 750_000.0]


def test_exports_of_unknown_way_count_as_off_the_platform(policy: Policy) -> None:
    assert compute_caps(one(exports_usd_12m=1_000_000.0), policy)["exports_ratio"].tolist() == [
        800_000.0
    ]


def test_the_need_follows_the_working_capital_formula(policy: Policy) -> None:
    caps = compute_caps(
        one(
            exports_usd_12m=1e6,
            exports_cny_12m=6_000_000.0,
            purchases_to_sales_12m=0.9,
            exports_growth_6m=2 / 21,  # now / then = 1.1
            debt_cny=500_000.0,
        ),
        policy,
    )
    # 6,000,000 x .9 x 1.1 x 90 / 360 = 1,485,000, less 500,000
    assert caps["need_cny"].iloc[0] == pytest.approx(1_485_000.0)
    assert caps["working_capital"].iloc[0] == pytest.approx(985_000.0)
    assert (caps["cap_cny"].iloc[0], caps["binding"].iloc[0]) == (800_000.0, "exports_ratio")
    assert caps["to_next_cny"].iloc[0] == pytest.approx(185_000.0)


def test_margin_and_growth_are_held_to_their_bands(policy: Policy) -> None:
    wild = one(exports_cny_12m=3.6e6, purchases_to_sales_12m=4.0, exports_growth_6m=2.0)
    caps = compute_caps(wild, policy)
    assert (caps["cost_share"].iloc[0], caps["growth"].iloc[0]) == (0.95, 0.2)


def test_the_ceiling_binds_a_giant(policy: Policy) -> None:
    caps = compute_caps(one(exports_usd_12m=9e7, exports_cny_12m=5.4e8), policy)
    assert (caps["cap_cny"].iloc[0], caps["binding"].iloc[0]) == (10_000_000.0, "ceiling")


def test_debt_binds_through_the_need(policy: Policy) -> None:
    caps = compute_caps(one(exports_usd_12m=1e6, exports_cny_12m=6e6, debt_cny=1_000_000.0), policy)
    # 6,000,000 x .8 x .25 = 1,200,000, less 1,000,000
    assert (caps["cap_cny"].iloc[0], caps["binding"].iloc[0]) == (200_000.0, "working_capital")


def test_a_cap_below_the_floor_is_no_line(policy: Policy) -> None:
    caps = compute_caps(one(exports_usd_12m=62_000.0, exports_cny_12m=372_000.0), policy)
    assert (caps["cap_cny"].iloc[0], caps["binding"].iloc[0]) == (0.0, "floor")


def test_no_exports_known_is_no_line(policy: Policy) -> None:
    assert compute_caps(pd.DataFrame({"enterprise_id": ["E1"]}), policy)["cap_cny"].tolist() == [
        0.0
    ]


@settings(max_examples=100, deadline=None)
@given(usd=MONEY, more=st.floats(1, 10), purchases=MONEY, debt=MONEY, share=st.floats(0, 1))
def test_a_cap_never_falls_because_exports_rose(
    usd: float, more: float, purchases: float, debt: float, share: float
) -> None:
    policy = _policy()

    def cap(exports: float) -> pd.DataFrame:
        sales = exports * 6
        bought = {"purchases_to_sales_12m": purchases / sales} if sales > 0 else {}
        return compute_caps(
            one(
                exports_usd_12m=exports,
                exports_platform_usd_12m=share * usd,
                exports_cny_12m=sales,
                debt_cny=debt,
                **bought,
            ),
            policy,
        )

    before, after = cap(usd), cap(usd * more)
    slack = 1e-9 * after[list(PARTS)].to_numpy()
    assert (after[list(PARTS)].to_numpy() >= before[list(PARTS)].to_numpy() - slack - 1e-6).all()


@settings(max_examples=100, deadline=None)
@given(usd=MONEY, rate=st.floats(5, 9), debt=MONEY, share=st.floats(0, 1))
def test_a_cap_is_never_above_any_of_its_parts(
    usd: float, rate: float, debt: float, share: float
) -> None:
    caps = compute_caps(
        one(
            exports_usd_12m=usd,
            exports_platform_usd_12m=share * usd,
            exports_cny_12m=usd * rate,
            debt_cny=debt,
        ),
        _policy(),
    )
    assert (caps[list(PARTS)].to_numpy() >= caps[["cap_cny"]].to_numpy()).all()
    assert caps["cap_cny"].iloc[0] % 1_000 == 0


def _policy() -> Policy:
    import tomllib
    from pathlib import Path

    from riskmodel.limits import policy_from

    path = Path(__file__).parents[2] / "experiments" / "policy.toml"
    return policy_from(tomllib.loads(path.read_text("utf-8")), "policy.toml")
