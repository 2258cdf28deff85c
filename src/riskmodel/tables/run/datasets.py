"""Tables of the stage `datasets`."""

from riskmodel.tables.run.declaration import by_name, table

PANEL = table("datasets/panel", "an enterprise at an as-of date in a split", "enterprise_id as_of split", """
enterprise_id  text   the enterprise
as_of          date   the date as of which the features are known
split          text   fit, calibrate, gap, test, or score
defaulted      flag?  true for a default within the horizon; missing for rows to be scored
""", family="a column for each computed feature, by its name")  # fmt: skip

EXCLUSIONS = table("datasets/exclusions", "a reason for which rows are left out", "purpose reason", """
purpose      text            what the rows are left out of: fit, score or limits
reason       text            the reason's code
text         text            the reason in words
rows         integer [rows]  rows left out
enterprises  integer         enterprises of these rows
""")  # fmt: skip

SPLITS = table("datasets/splits", "a split", "split", """
split        text            fit, calibrate, gap or test
rows         integer [rows]  rows
enterprises  integer         enterprises
defaults     integer [rows]  defaults
first_as_of  date?           the earliest as-of date
last_as_of   date?           the latest as-of date
""")  # fmt: skip

SENSITIVITY = table("datasets/sensitivity", "a definition of default", "definition", """
definition  text            days past due and horizon
rows        integer [rows]  labelled rows under it
defaults    integer [rows]  defaults under it
rate        number? [share] defaults by rows
""")  # fmt: skip

EARLY_SIGNS = table("datasets/early_signs", "a labelled enterprise and date", "enterprise_id as_of", """
enterprise_id  text           the enterprise
as_of          date           the as-of date
past_due       number? [days] the most days past due within the horizon
""")  # fmt: skip

YEARLY_DEFAULT_RATES = table("datasets/yearly_default_rates", "a year of as-of dates; a date, where all are of one year", "period", """
period       text            the year or date
rows         integer [rows]  labelled rows
enterprises  integer         their enterprises
defaults     integer [rows]  rows that default
rate         number [share]  default rate, each enterprise counted once
low          number [share]  lower end of its 95 % interval
high         number [share]  upper end of it
jump         flag            true where it surely differs from the period's before, and by more than datasets.max_default_rate_change
""")  # fmt: skip

WITHOUT_LINE = table("datasets/without_line", "an enterprise without a line at a date", "enterprise_id as_of", """
enterprise_id  text   the enterprise
as_of          date   the run's date, or the newest one whose horizon is over
defaulted      flag?  true for a default within the horizon; missing at the run's date
""")  # fmt: skip

TABLES = by_name(
    PANEL, WITHOUT_LINE, EXCLUSIONS, SPLITS, SENSITIVITY, EARLY_SIGNS, YEARLY_DEFAULT_RATES
)
