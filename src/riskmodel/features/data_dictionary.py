"""The data dictionary in Markdown: the canonical tables and every feature."""

from riskmodel.features.catalogue import DEFINITIONS, FAMILIES
from riskmodel.tables.canonical import CANONICAL
from riskmodel.tables.declared import Column, Table

HEAD = """# Data dictionary

Written by `riskmodel dictionary` from the declared tables and the feature definitions; a test holds it
to them. Change those, then run `make fix`.

`raw/` and `published/` beside this file are not kept in git: what comes in, and what leaves to
each bank.

## Bad rows

`riskmodel check DATA` prints every breach with its count and the first keys, never other values.
A row that breaks a rule is set aside in `rejects/<table>.parquet` with all its reasons; exact
copies count once. More than 1 % of a table set aside (5 % for unknown ids) stops a run. Fix the
extract and bring it again; nothing needs to be deleted here.

One amount of CNY or USD is at most 10^12, one of another currency or unit 10^15, a whole number
10^9: beyond, sums overflow. Texts are UTF-8.
"""


def markdown() -> str:
    """The whole dictionary."""
    tables = "\n".join(_table(table) for table in CANONICAL.values())
    return f"{HEAD}\n## Tables\n\nA `?` marks a column that may be null or absent.\n\n{tables}\n{_definitions()}"


def _table(table: Table) -> str:
    rows = "\n".join(_column(column, table) for column in table.columns)
    more = " Takes any further column." if table.open_columns else ""
    return (
        f"### `{table.name}`\n\n{_sentence(table.meaning)}{more}\n\n"
        f"| column | kind | unit | meaning |\n|---|---|---|---|\n{rows}\n"
    )


def _column(column: Column, table: Table) -> str:
    name = f"**{column.name}**" if column.name in table.key else column.name
    mark = "?" if column.optional else ""
    codes = f": {', '.join(sorted(column.codes))}" if 0 < len(column.codes) < 20 else ""
    return f"| {name}{mark} | {column.kind} | {column.unit} | {column.meaning}{codes} |"


def _definitions() -> str:
    rows = "\n".join(
        f"| `{c.name}` | {c.texts[0]} / {c.texts[1]} | {c.unit} | {c.risk} | {c.table} | {c.window}"
        f" | {FAMILIES[c.family][0]} | {'model' if c.model else 'rules'} |"
        for c in DEFINITIONS
    )
    return (
        f"## Features\n\n{len(DEFINITIONS)} features. Risk says how default risk moves as the feature grows;"
        " a model may only follow that sign.\n\n"
        "| feature | says | unit | risk | table | window | family | use |\n"
        f"|---|---|---|---|---|---|---|---|\n{rows}\n"
    )


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."
