"""Tables of the stage `explain`."""

from riskmodel.tables.run.declaration import by_name, table

REASONS = table("explain/reasons", "a reason of a scored enterprise", "enterprise_id as_of rank", """
enterprise_id  text               the enterprise
as_of          date               the as-of date
rank           integer            1 for the strongest reason
family         text               the family of features
feature        text               the feature that represents the family
contribution   number [log-odds]  the family's contribution to the PD
share          number [share]     its share of all contributions that raise the PD
text_en        text               the reason in English
text_zh        text               the reason in Chinese
""")  # fmt: skip

FIDELITY = table("explain/fidelity", "a reason of a scored enterprise", "enterprise_id as_of rank", """
enterprise_id  text            the enterprise
as_of          date            the as-of date
rank           integer         the reason's rank
family         text            the family of features
feature        text            the feature that represents the family
pd_12m         number [share]  probability of default
pd_at_reference  number [share]  the same with this feature at the reference group's value
strongest      flag            true where the family is the strongest
""")  # fmt: skip

CONTRIBUTIONS = table("explain/contributions", "a scored enterprise", "enterprise_id as_of", """
enterprise_id  text               the enterprise
as_of          date               the as-of date
base           number [log-odds]  the reference group's mean
""", family="a column for each family of features: its contribution in log-odds")  # fmt: skip

POINTS_BELOW_BEST = table("explain/points_below_best", "a scored enterprise", "enterprise_id as_of", """
enterprise_id  text  the enterprise
as_of          date  the as-of date
""", family="a column for each feature of the scorecard: points lost against its best bin")  # fmt: skip

TABLES = by_name(REASONS, FIDELITY, CONTRIBUTIONS, POINTS_BELOW_BEST)
