"""Rows as CSV that a spreadsheet program shows but never runs."""

import csv
import io

import pandas as pd
import pyarrow as pa

from riskmodel.publish.rows import DATES, FRACTIONS, MONEY, PUBLISHED, TEXTS

BLANK = "\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2060\u3000\ufeff"
DANGEROUS = f"^(?:[{BLANK}]*[=+\\-@＝＋－＠]|[\x00-\x1f\x7f])"
"""A formula's first sign, also full-width or after blanks that programs trim; control signs."""


def csv_text(table: pa.Table) -> str:
    """The published table as CSV: a byte order mark, a header, one line per row.

    The mark makes spreadsheet programs read Chinese as UTF-8. Text that could start a formula
    gets a leading apostrophe, and a line break inside a text becomes a blank, so that a row stays
    a line: the Parquet file keeps ids as they are. Null is an empty cell.
    """
    rows = table.to_pandas(date_as_object=False)
    cells = {
        **{name: rows[name].map("{:.2f}".format, na_action="ignore") for name in MONEY},
        **{name: rows[name].map("{:.6f}".format, na_action="ignore") for name in FRACTIONS},
        **{name: rows[name].dt.strftime("%Y-%m-%d") for name in DATES},
        **{name: escape_formulas(rows[name]) for name in TEXTS},
    }
    out = io.StringIO(newline="")
    frame = pd.DataFrame(cells, columns=list(PUBLISHED))
    frame.to_csv(out, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    return "\ufeff" + out.getvalue()


def escape_formulas(texts: pd.Series) -> pd.Series:
    """The texts, harmless in a spreadsheet."""
    risky = texts.astype("str").str.contains(DANGEROUS, regex=True, na=False)
    marked = texts.where(~risky, "'" + texts)
    return marked.str.replace("[\r\n\u0085\u2028\u2029]+", " ", regex=True)
