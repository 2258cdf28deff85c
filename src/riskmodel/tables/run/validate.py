"""Tables of the stage `validate`."""

from riskmodel.tables.run.declaration import by_name, table

CHECKS = table("validate/checks", "a check of the recommended model", "check", """
check      text     the check
passed     flag     true where it passes
value      number?  the measured value
low        number?  lower end of its 95 % interval
high       number?  upper end of it
threshold  number?  the bound that the check applies; missing where nothing was tested
text       text     the finding in words
""")  # fmt: skip

PERFORMANCE = table("validate/performance", "a metric of a model on a split", "model split metric", """
model     text            the candidate
split     text            calibrate, test, eligible (test rows of those who may be lent to), same_enterprises, or cross_validated (fit rows out of fold)
metric    text            the metric
value     number?         its value
low       number?         lower end of its 95 % interval, bootstrapped by enterprise
high      number?         upper end of it
rows      integer [rows]  rows that it is measured on
defaults  integer [rows]  defaults among them
""")  # fmt: skip

COMPARISONS = table("validate/comparisons", "the recommended model beside another, on the same rows", "model split", """
model      text            the other candidate
split      text            test, or eligible (test rows of those who may be lent to)
auc_ahead  number          AUC of the recommended model less that of the other
low        number          lower end of its 95 % interval, by DeLong's paired test with the enterprise as the unit
high       number          upper end of it
p          number          two-sided p-value of the test
rows       integer [rows]  rows that both are measured on
defaults   integer [rows]  defaults among them
""")  # fmt: skip

GRADES = table("validate/grades", "a grade of the master scale", "grade", """
grade        text             the grade
rows         integer [rows]   test rows
enterprises  number           enterprises, each counted once
defaults     number           defaults, each enterprise counted once
pd_12m       number? [share]  mean probability of default
rate         number? [share]  default rate
low          number? [share]  lower end of its interval
high         number? [share]  upper end of it
p            number?          p-value of Jeffreys' test that the PD is too low
p_adjusted   number?          the same, adjusted by Holm for the number of grades
""")  # fmt: skip

VINTAGES = table("validate/vintages", "a vintage of the walk forward", "vintage model", """
vintage   text            the vintage
model     text            the candidate
auc       number?         AUC
low       number?         lower end of its 95 % interval, by enterprise
high      number?         upper end of it
rows      integer [rows]  labelled rows
defaults  integer [rows]  defaults among them
""")  # fmt: skip

DISTANCE = table("validate/distance", "a group of scored rows", "group", """
group  text             the group: scored, scored_eligible (who may be lent to), scored_with_line, scored_without_line
rows   integer [rows]   its rows
share  number  [share]  of all scored rows
auc    number?          AUC of a model that tells them from the labelled ones; .5 where alike
low    number?          lower end of its 95 % interval, by enterprise
high   number?          upper end of it
far    number? [share]  rows that lie beyond 99 % of the labelled ones
""")  # fmt: skip

BEYOND = table("validate/beyond", "a group of rows unlike the labelled ones, of known outcome", "group", """
group       text            the group: no_line, no_line_eligible, new_line
rows        integer [rows]  its rows
defaults    integer [rows]  defaults among them within the horizon
auc         number?         AUC of the recommended model
low         number?         lower end of its 95 % interval, by enterprise
high        number?         upper end of it
ratio       number?         realised rate over mean PD
ratio_low   number?         lower end of its 95 % interval
ratio_high  number?         upper end of it
""")  # fmt: skip

TABLES = by_name(CHECKS, PERFORMANCE, COMPARISONS, GRADES, VINTAGES, DISTANCE, BEYOND)
