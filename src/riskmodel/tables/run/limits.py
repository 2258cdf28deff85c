"""Tables of the stage `limits`: the month's book."""

from riskmodel.tables.run.declaration import by_name, table
from riskmodel.tables.run.questions import (
    CHANGE_COUNTS,
    CHANGES,
    INTERVALS,
    MONOTONICITY,
    PD_ERRORS,
    RECOURSE,
    REGIONAL_PARITY,
)

RECOMMENDATIONS = table("limits/recommendations", "an enterprise and a bank", "enterprise_id bank", """
enterprise_id        text             the enterprise
bank                 text             the bank; empty where there is no agreement
as_of                date             the as-of date
decision             text             offer, decline or refuse
limit_cny            number [CNY]     the credit limit; 0 without an offer
annual_rate          number? [share]  the yearly rate
pd_12m               number? [share]  probability of default over twelve months
pd_low               number? [share]  lower end of its interval
pd_high              number? [share]  upper end of it
grade                text?            grade of the master scale
pd_at_limit          number? [share]  probability of default with this limit
expected_loss_cny    number? [CNY]    expected loss over twelve months
expected_profit_cny  number? [CNY]    expected profit over twelve months
cap_cny              number? [CNY]    the largest limit that the policy allows
binding_constraint   text?            the constraint that decides the pair
to_next_cny          number? [CNY]    room between the binding cap and the next one
rate_held_by         text?            the bound that holds the rate
refusals             text?            codes of the eligibility rules that fail
refusal_text_en      text?            the reason without an offer, in English
refusal_text_zh      text?            the reason without an offer, in Chinese
""")  # fmt: skip

FUNNEL = table("limits/funnel", "an eligibility rule, in order", "rule", """
rule          text     the rule
tested        integer  enterprises
missing       integer  of them, with a missing value
failed        integer  of them, those that fail the rule
failed_alone  integer  of them, those that fail no other rule
left          integer  enterprises that pass this rule and those before it
""")  # fmt: skip

CAPS = table("limits/caps", "a scored enterprise", "enterprise_id", """
enterprise_id  text          the enterprise
cap_cny        number? [CNY] the largest limit that the policy allows
""", family="a column for each cap and what it is computed from, in CNY or as a share, and the binding one")  # fmt: skip

BY_BANK = table("limits/by_bank", "a bank", "bank", """
bank                      text             the bank
pairs                     integer          enterprises with an agreement
offers                    integer          offers
limit_cny                 number [CNY]     sum of the offered limits
budget_cny                number? [CNY]    the bank's budget
expected_loss_cny         number? [CNY]    sum of the expected losses
loss_cap_cny              number? [CNY]    the bank's bound on expected loss
expected_profit_cny       number? [CNY]    sum of the expected profits
mean_rate                 number? [share]  mean yearly rate, weighted by limit
shadow_price_of_budget    number?          profit that one more CNY of budget would bring
shadow_price_of_loss_cap  number?          profit that one more CNY of loss bound would bring
""")  # fmt: skip

CURVES = table("limits/curves", "a level of the limit in a grade of a bank", "bank grade level", """
bank                 text            the bank
grade                text            the grade
level                number [share]  the limit as a share of the cap
pairs                integer         enterprises
expected_profit_cny  number? [CNY]   mean expected profit
expected_loss_cny    number? [CNY]   mean expected loss
pd_12m               number? [share] mean probability of default at the limit
""")  # fmt: skip

CONSTRAINTS = table("limits/constraints", "a constraint of the allocation", "bank constraint segment", """
bank          text           the bank; empty for a constraint on all banks together
constraint    text           bank_budget, bank_loss_cap, sector_share or destination_share
segment       text           the sector or destination; empty for a whole bank
capacity_cny  number [CNY]   the bound
used_cny      number [CNY]   what the book uses of it
shadow_price  number         expected profit [CNY] that one more CNY of the bound would bring
""")  # fmt: skip

TABLES = by_name(
    RECOMMENDATIONS, FUNNEL, CAPS, BY_BANK, CURVES, CONSTRAINTS,
    RECOURSE, INTERVALS, PD_ERRORS, MONOTONICITY, REGIONAL_PARITY, CHANGES, CHANGE_COUNTS,
)  # fmt: skip
