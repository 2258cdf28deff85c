"""Tables of the stage `sources` beside the canonical ones, which `riskmodel dictionary` prints."""

from riskmodel.tables.run.declaration import by_name, table

REPORT = table("sources/report", "a table of the source", "table", """
table            text                    the table's name
rows_in          integer [rows]          rows read
copies           integer [rows]          rows that repeat another one in every column
rows_used        integer [rows]          rows that later stages use
rows_rejected    integer [rows]          rows set aside because they break a rule
unknown_ids      integer [rows]          rows of enterprises that the register does not have
broken           integer [rows]          rows with a value that could not be read
first_event      date?                   the earliest date on which a row happened
last_event       date?                   the latest date on which a row happened
share_late       number? [share]         rows that became known later than is usual
share_corrected  number? [share]         rows that a later version corrects
""")  # fmt: skip

VIOLATIONS = table("sources/violations", "a rule that rows of a column break", "table column reason", """
table   text            the table's name
column  text            the column
reason  text            the rule that is broken
rows    integer [rows]  rows that break it
first   text?           keys of the first of them
""")  # fmt: skip

TABLES = by_name(REPORT, VIOLATIONS)
