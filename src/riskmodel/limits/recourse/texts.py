"""Recourse in plain sentences: English and Chinese, money rounded."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import RiskModelError
from riskmodel.limits.eligibility import SEPARATOR
from riskmodel.limits.recourse.actions import ACTIONS, EVEN_BUYERS, apply_action

Floats = NDArray[np.float64]
Words = tuple[str, str]
"""English, Chinese."""

CONSTRAINT_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "exports_ratio": ("the size of exports", "出口额规模"),
        "ceiling": ("the programme's largest limit", "本项目额度上限"),
        "working_capital": (
            "the need for working capital, less loans at other lenders",
            "扣除现有贷款后的营运资金需求",
        ),
        "bank_maximum": ("the bank's own largest limit", "该银行单户额度上限"),
        "profit": (
            "a larger line would cost the bank more than it earns",
            "更高额度将使银行成本超过收益",
        ),
        "bank_budget": ("the bank's budget is spent", "该银行预算已用完"),
        "bank_loss_cap": ("the bank's room for losses is spent", "该银行可承受损失额度已用完"),
        "sector_share": ("the bank's share for this sector is spent", "该银行本行业份额已用完"),
        "destination_share": (
            "the programme's share for this destination is spent",
            "该目的国份额已用完",
        ),
    }
)
"""Words for what binds an offered limit, by the code of its constraint."""

NOTHING: Words = (
    "None of the changes looked at here would raise the limit this month. What holds it: {}.",
    "本月所考察的各项改变均不能提高额度。制约因素：{}。",
)
LASTING: Words = (
    " A record of past arrears cannot be undone by paying; it leaves the count with time.",
    "过往逾期记录不因还款而消除，随时间推移不再计入。",
)
FIRST: Words = (
    "{}, a first limit of about {} CNY could be given.",
    "{}，可获得约{}元的首次额度。",
)
MORE: Words = (
    "{}, the limit could be about {} CNY instead of {} CNY.",
    "{}，额度可由约{}元提高到约{}元。",
)


def write_sentences(found: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Write text_en and text_zh: what would change, and the limit that could follow.

    `found` has enterprise_id, action, step, limit_cny, limit_then_cny; `features` the features, one
    row an enterprise.
    """
    place = pd.Index(features["enterprise_id"]).get_indexer(pd.Index(found["enterprise_id"]))
    own = features.iloc[place].reset_index(drop=True)
    english = np.full(len(found), "", dtype=object)
    chinese = english.copy()
    for action, step in found[["action", "step"]].drop_duplicates().itertuples(index=False):
        at = np.flatnonzero((found["action"] == action) & (found["step"] == step))
        conditions = CONDITIONS[str(action)](own.iloc[at], float(step))
        english[at] = [words[0] for words in conditions]
        chinese[at] = [words[1] for words in conditions]
    now = found["limit_cny"].to_numpy(np.float64)
    then = found["limit_then_cny"].to_numpy(np.float64)
    amounts = list(zip(now, then, strict=True))
    return found.assign(
        text_en=[_in_english(*each) for each in zip(english, amounts, strict=True)],
        text_zh=[_in_chinese(*each) for each in zip(chinese, amounts, strict=True)],
    )


def write_without_recourse(silent: pd.DataFrame) -> pd.DataFrame:
    """Write rows that say that nothing raises the limit, and what binds it.

    `silent` has enterprise_id, bank, limit_cny, pd_12m, cause, cause_en, cause_zh, lasting. A
    `RiskModelError` for a cause that has no words.
    """
    wordless = silent["cause"][
        ~silent["cause"].isin(list(CONSTRAINT_WORDS)) & (silent["cause_en"] == "")
    ]
    if len(wordless):
        raise RiskModelError(
            f"{len(wordless)} limits are held by a cause without words "
            f"(first: {wordless.iloc[0]}). Add it to asked.words.HELD."
        )
    rows = silent.assign(
        action="", step=np.nan, effort=np.nan, rank=0, bank_then=silent["bank"],
        limit_then_cny=silent["limit_cny"], pd_then_12m=silent["pd_12m"],
    )  # fmt: skip
    for place, column in enumerate(("en", "zh")):
        stated = silent[f"cause_{column}"]
        held = silent["cause"].map({code: words[place] for code, words in CONSTRAINT_WORDS.items()})
        cause = stated.where(stated != "", held).astype("object")
        text = cause.map(
            lambda words, place=place: NOTHING[place].format(_list_words(words, place))
        )
        last = silent["lasting"].map({True: LASTING[place], False: ""})
        rows[f"text_{column}"] = text + last
    return rows


def _list_words(words: str, place: int) -> str:
    """Several refusals as one list; the Chinese one with its own mark."""
    return words if place == 0 else words.replace(SEPARATOR, "；")


def _exports(rows: pd.DataFrame, step: float) -> list[Words]:
    more = step * rows["exports_usd_12m"].to_numpy(np.float64, na_value=np.nan)
    return [
        (
            f"If exports over twelve months were {_percent(step)} % higher "
            f"(about {_round_amount(usd):,.0f} USD more), with receipts and purchases in step",
            f"若近十二个月出口额提高{_percent(step)}%（约多{_wan(_round_amount(usd))}美元），收汇和采购同步增长",
        )
        for usd in more
    ]


def _platform(rows: pd.DataFrame, step: float) -> list[Words]:
    whole = ("If all exports went through the platform", "若全部出口均通过本平台办理")
    part = (
        f"If {_percent(step)} % of the exports now made elsewhere went through the platform",
        f"若目前平台外出口的{_percent(step)}%改由本平台办理",
    )
    return [whole if step == 1 else part] * len(rows)


def _receipts(rows: pd.DataFrame, step: float) -> list[Words]:
    whole = (
        "If all buyers paid on time and nothing stayed unpaid",
        "若买家全部按期付款且无长期未收货款",
    )
    part = (
        f"If late and unpaid invoices were cut by {_percent(step)} %",
        f"若逾期和未收货款减少{_percent(step)}%",
    )
    return [whole if step == 1 else part] * len(rows)


def _arrears(rows: pd.DataFrame, _: float) -> list[Words]:
    known = "overdue_cny" in rows.columns
    overdue = rows["overdue_cny"].to_numpy(np.float64, na_value=0.0) if known else [0.0] * len(rows)
    return [
        (
            f"If {'about ' + format(_round_amount(cny), ',.0f') + ' CNY' if cny > 0 else 'what is'} "
            "overdue at other lenders were paid (the record of past months stays)",
            f"若还清在其他金融机构的逾期款项{'约' + _wan(_round_amount(cny)) + '元' if cny > 0 else ''}"
            "（过往记录仍保留）",
        )
        for cny in overdue
    ]


def _concentration(rows: pd.DataFrame, step: float) -> list[Words]:
    (action,) = (one for one in ACTIONS if one.name == "concentration")
    shares = apply_action(rows, action, step).get("top_buyer_share_12m")
    plain = (
        f"If {_percent(step)} % of sales were spread evenly over at least {EVEN_BUYERS} buyers",
        f"若将{_percent(step)}%的销售平均分散到至少{EVEN_BUYERS}个买家",
    )
    if shares is None:
        return [plain] * len(rows)
    now = rows["top_buyer_share_12m"].to_numpy(np.float64, na_value=np.nan)
    return [
        (
            f"If the largest buyer took {_percent(to)} % of sales instead of {_percent(was)} %, "
            f"with sales spread over at least {EVEN_BUYERS} buyers",
            f"若最大买家占比由{_percent(was)}%降至{_percent(to)}%，销售分散到至少{EVEN_BUYERS}个买家",
        )
        if np.isfinite(to)
        else plain
        for was, to in zip(now, shares, strict=True)
    ]


CONDITIONS: Mapping[str, Callable[[pd.DataFrame, float], list[Words]]] = MappingProxyType(
    {
        "exports": _exports,
        "platform": _platform,
        "receipts": _receipts,
        "arrears": _arrears,
        "concentration": _concentration,
    }
)
"""Each action's condition in words, from the rows' features and the step's size."""


def _in_english(condition: str, amounts: tuple[float, float]) -> str:
    now, then = (format(_round_down(cny), ",.0f") for cny in amounts)
    return MORE[0].format(condition, then, now) if amounts[0] > 0 else FIRST[0].format(
        condition, then
    )  # fmt: skip


def _in_chinese(condition: str, amounts: tuple[float, float]) -> str:
    now, then = (_wan(_round_down(cny)) for cny in amounts)
    return MORE[1].format(condition, now, then) if amounts[0] > 0 else FIRST[1].format(
        condition, then
    )  # fmt: skip


def _round_down(cny: float) -> float:
    """A limit rounded down, to ten thousands from a hundred thousand on, else to thousands."""
    step = 10_000.0 if cny >= 100_000 else 1_000.0
    return float(np.floor(cny / step + 1e-9) * step)


def _round_amount(amount: float) -> float:
    """Two digits that count."""
    return float(f"{amount:.1e}")


def _percent(share: float) -> str:
    return format(100 * share, ".0f")


def _wan(amount: float) -> str:
    """Chinese amounts count in ten thousands."""
    return f"{amount / 10_000:,.10g}万"
