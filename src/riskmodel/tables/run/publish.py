"""Tables of the stage `publish`; a bank's own files are declared where they are written."""

from riskmodel.tables.run.declaration import by_name, table

PUBLICATIONS = table("publish/publications", "a bank's publication", "bank", """
bank               text          the bank
as_of              text          the as-of date
revision           integer       the revision's number
rows               integer       rows in its file
offers             integer       offers among them
limit_cny          number [CNY]  sum of the offered limits
expected_loss_cny  number [CNY]  sum of their expected losses
""")  # fmt: skip

TABLES = by_name(PUBLICATIONS)
