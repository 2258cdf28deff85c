"""Tables of the stage `limits`: questions that are asked of the month's book."""

from riskmodel.tables.run.declaration import table

RECOURSE = table("limits/recourse", "an enterprise and an action that would raise its limit", "enterprise_id rank", """
enterprise_id   text             the enterprise
rank            integer          1 for the least effort; 0 where no action raises the limit
action          text?            the action
step            number?          the size of the action's step
effort          number?          the effort of the step
bank            text?            the bank of today's offer
limit_cny       number [CNY]     today's limit
bank_then       text?            the bank after the action
limit_then_cny  number? [CNY]    the limit after it
pd_12m          number? [share]  today's probability of default
pd_then_12m     number? [share]  probability of default after it
cause           text?            the binding constraint or failing rule
text_en         text             the advice in English
text_zh         text             the advice in Chinese
""")  # fmt: skip

INTERVALS = table("limits/intervals", "a scored enterprise", "enterprise_id", """
enterprise_id   text          the enterprise
bank            text          the bank of the offer; empty without one
limit_cny       number [CNY]  the limit
limit_low_cny   number? [CNY] the smallest limit over the intervals of PD and response
limit_high_cny  number? [CNY] the largest one
low_at          text?         the case that gives the smallest
high_at         text?         the case that gives the largest
""")  # fmt: skip

PD_ERRORS = table("limits/pd_errors", "an error of the PD at a bank", "bank error", """
bank           text             the bank; empty for enterprises without an offer
error          text             the error: the true PD against the one that decides
enterprises    integer          enterprises
lines          integer          offers
believed_cny   number? [CNY]    expected profit as decided
true_cny       number? [CNY]    expected profit if the error is true
best_cny       number? [CNY]    expected profit had it been known
lost_cny       number? [CNY]    profit lost by the error
gained_cny     number? [CNY]    profit gained by it
lost_share     number? [share]  lost profit by the best one
""")  # fmt: skip

MONOTONICITY = table("limits/monotonicity", "higher exports of a size, at one PD", "action rise pd", """
action            text          the exports that rise
rise              number [share] the rise
pd                text          held: PDs as they were; model: PDs scored anew
enterprises       integer       enterprises
limits            integer       limits before
higher            integer       limits that rise
falls             integer       limits that fall
ended             integer       limits that end
fallen_cny        number [CNY]  sum of the falls
largest_fall_cny  number [CNY]  the largest fall
""")  # fmt: skip

REGIONAL_PARITY = table("limits/regional_parity", "a province", "province", """
province    text             the province
offers      integer          offers
matched     integer          offers with similar ones in other provinces
difference  number? [share]  mean difference of their limits, by logs
low         number? [share]  lower end of its interval, by enterprise
high        number? [share]  upper end of it
tested      flag             true where enough offers are matched
apart       flag             true where that is so and the interval excludes 0
""")  # fmt: skip

CHANGES = table("limits/changes", "an enterprise and a bank with a limit in either month", "enterprise_id bank", """
enterprise_id      text            the enterprise
bank               text            the bank
limit_before_cny   number [CNY]    last month's limit
limit_cny          number [CNY]    this month's
change             number [share]  the change by the larger of both; -1 a limit gone, 1 a new one
enterprise_change  number [share]  the same over the enterprise's banks together
reason             text            the reason of a large change; small for others
""")  # fmt: skip

CHANGE_COUNTS = table("limits/change_counts", "a reason of changes at a bank", "bank reason", """
bank              text             the bank, or all
reason            text             the reason
changes           integer          pairs
limit_change_cny  number [CNY]     sum of their changes
share             number? [share]  of the bank's pairs with a limit in either month
""")  # fmt: skip
