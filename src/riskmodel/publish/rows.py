"""The published rows: one per enterprise with an agreement with a bank, in the published columns."""

import pandas as pd
import pyarrow as pa

from riskmodel.errors import RiskModelError
from riskmodel.publish.publication import PublicationFacts

REASONS = ("reason_1", "reason_2", "reason_3", "reason_4")
MONEY = ("limit_cny", "expected_loss_cny")
FRACTIONS = ("annual_rate", "pd_12m", "pd_low", "pd_high")
DATES = ("as_of", "valid_until")
PUBLISHED = (
    "enterprise_id",
    "bank",
    "as_of",
    "valid_until",
    "decision",
    "limit_cny",
    "annual_rate",
    "pd_12m",
    "pd_low",
    "pd_high",
    "grade",
    "expected_loss_cny",
    "binding_constraint",
    *REASONS,
    "reason_text_en",
    "reason_text_zh",
    "model_version",
    "run_id",
)
TEXTS = tuple(name for name in PUBLISHED if name not in (*MONEY, *FRACTIONS, *DATES))
SCHEMA = pa.schema(
    [
        (
            name,
            pa.date32() if name in DATES else pa.string() if name in TEXTS else pa.float64(),
        )
        for name in PUBLISHED
    ]
)


def report_rows(
    recommendations: pd.DataFrame, reasons: pd.DataFrame, *, facts: PublicationFacts
) -> pd.DataFrame:
    """Return the book with its reasons in the published columns, without rows that name no bank.

    `recommendations` is the book of limits, `reasons` explain's frame. A declined enterprise's
    failed rules come first (or, if none failed, the book's constraint), then the model's reasons
    in their rank; four at most are named. The texts hold every failed rule, and the model's
    reasons as far as they are among the four.
    """
    book = recommendations[recommendations["bank"].fillna("") != ""].reset_index(drop=True)
    rules = _rule_reasons(book)
    ranked = _first_reasons(rules, _model_reasons(book, reasons))
    codes = ranked.pivot_table(index="row", columns="slot", values="code", aggfunc="first")
    codes = codes.reindex(index=book.index, columns=range(1, 5)).set_axis(list(REASONS), axis=1)
    model_texts = (
        ranked[ranked["kind"] == "model"].groupby("row")[["text_en", "text_zh"]].agg("; ".join)
    )
    model_texts = model_texts.reindex(book.index)
    rule_texts = _rule_texts(book)
    return book.assign(
        **{name: codes[name].astype("str") for name in REASONS},
        reason_text_en=_both(rule_texts["text_en"], model_texts["text_en"]),
        reason_text_zh=_both(rule_texts["text_zh"], model_texts["text_zh"]),
        valid_until=pd.Timestamp(facts.valid_until),
        model_version=facts.model_version,
        run_id=facts.run_id,
    )[list(PUBLISHED)]


def published_table(rows: pd.DataFrame) -> pa.Table:
    """Return the rows as they are published: money to two decimals, rates and PDs to six, dates as dates.

    Raises `RiskModelError` where a column is missing: an earlier stage did not write it.
    """
    missing = [name for name in PUBLISHED if name not in rows]
    if missing:
        raise RiskModelError(f"publish: rows lack {', '.join(missing)}. Fix the stage before.")
    money = {name: rows[name].astype("float64").round(2) for name in MONEY}
    fractions = {name: rows[name].astype("float64").round(6) for name in FRACTIONS}
    dates = {name: pd.to_datetime(rows[name]).dt.date for name in DATES}
    texts = {name: rows[name].astype("str") for name in TEXTS}
    ready = rows.assign(**money, **fractions, **dates, **texts)[list(PUBLISHED)]
    return pa.Table.from_pandas(ready, schema=SCHEMA, preserve_index=False)


def _refusals(book: pd.DataFrame) -> pd.Series:
    return book["refusals"].fillna("").where(book["decision"] == "decline", "")


def _rule_reasons(book: pd.DataFrame) -> pd.DataFrame:
    """Columns row, code: the failed rules of each declined row, or the constraint of the book."""
    codes = _refusals(book)
    declined = book["decision"] == "decline"
    codes = codes.mask(declined & (codes == ""), book["binding_constraint"].fillna(""))
    listed = codes[codes != ""].str.split("; ").explode()
    return pd.DataFrame({"row": listed.index, "code": listed.to_numpy(), "kind": "rule"})


def _model_reasons(book: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    keys = book[["enterprise_id", "as_of"]].assign(row=book.index)
    ranked = reasons.sort_values(["enterprise_id", "rank"], kind="stable")
    found = keys.merge(ranked, on=["enterprise_id", "as_of"], validate="many_to_many")
    found = found.assign(code=found["family"], kind="model").sort_values(["row", "rank"])
    return found[["row", "code", "kind", "text_en", "text_zh"]]


def _first_reasons(rules: pd.DataFrame, model: pd.DataFrame) -> pd.DataFrame:
    """Return the first four reasons of each row, with their slot from 1."""
    all_reasons = pd.concat([rules, model], ignore_index=True).sort_values("row", kind="stable")
    slots = all_reasons.groupby("row").cumcount() + 1
    return all_reasons.assign(slot=slots)[slots <= len(REASONS)]


def _rule_texts(book: pd.DataFrame) -> pd.DataFrame:
    """Return the texts of each decline: the failed rules, or the binding constraint."""
    declined = book["decision"] == "decline"
    return pd.DataFrame(
        {
            "text_en": book["refusal_text_en"].fillna("").where(declined, ""),
            "text_zh": book["refusal_text_zh"].fillna("").where(declined, ""),
        }
    )


def _both(first: pd.Series, then: pd.Series) -> pd.Series:
    then = then.fillna("")
    joint = pd.Series("; ", index=first.index).where((first != "") & (then != ""), "")
    return first + joint + then
