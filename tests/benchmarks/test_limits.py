"""The allocation's benchmark: ours beside HiGHS, size by size, and where HiGHS gives up."""

import pytest

from riskmodel.benchmarks import limits
from riskmodel.limits.allocation.random_instances import Optimum, linear_optimum, random_options


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "in_child", lambda work, *args: work(*args))
    monkeypatch.setattr(limits, "SIZES", (40,))


def test_every_size_has_ours_and_highs_side_by_side() -> None:
    table = limits.bench_limits(120, lambda line: None)

    assert list(table.columns) == limits.COLUMNS
    assert table["name"].tolist() == ["riskmodel", *limits.METHODS] * 2
    assert table["enterprises"].tolist() == [40] * 3 + [120] * 3
    assert table["constraints"].eq(104).all()
    assert table["ending"].eq("solved").all()
    ours = table[table["name"] == "riskmodel"]
    assert ours["largest_violation"].eq(0.0).all()
    assert ours["value"].le(ours["bound"]).all()
    for _, size in table.groupby("enterprises"):
        bound = size["bound"].to_numpy()
        assert bound[1] == pytest.approx(bound[2], rel=1e-6)
        assert bound[1] * (1 - 1e-7) <= bound[0] <= bound[1] * (1 + 1e-2)


def test_after_it_gave_up_highs_is_not_tried_on_larger_books(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_up = Optimum(float("nan"), "gave up after 5 s")
    monkeypatch.setattr(limits, "linear_optimum", lambda *args, **named: given_up)
    table = limits.bench_limits(60, lambda line: None, highs_seconds=5.0)

    highs = table[table["name"] != "riskmodel"]
    assert highs["ending"].tolist()[:2] == ["gave up after 5 s"] * 2
    assert highs["ending"].tolist()[2:] == ["not tried: gave up at 40"] * 2
    assert highs["bound"].isna().all()


def test_highs_without_time_gives_up() -> None:
    found = linear_optimum(random_options(400, seed=1), seconds=0.0, method="highs-ds")
    assert found.ending == "gave up after 0 s"
    assert found.value != found.value
