"""Tables of the stage `features`."""

from riskmodel.tables.run.declaration import by_name, table

FEATURES = table("features/features", "an enterprise at an as-of date", "enterprise_id as_of", """
enterprise_id  text  the enterprise
as_of          date  the date as of which the features are known
""", family="a column for each computed feature, by its name; `riskmodel dictionary` explains each")  # fmt: skip

ABSENT = table("features/absent", "a feature that the source cannot give", "feature", """
feature  text  the feature
needs    text  tables and columns that the source lacks
""")  # fmt: skip

DICTIONARY = table("features/dictionary", "a computed feature", "feature", """
feature  text   the feature
meaning  text?  its meaning in English
unit     text?  its unit
risk     text   direction of risk as the feature rises: rises, falls or none
table    text   the table that it is computed from
window   text?  the time that it looks back over
family   text   the family of features that share a reason
use      text   use: model, rules, or both
zh       text?  its meaning in Chinese
""")  # fmt: skip

PROFILE = table("features/profile", "a feature", "feature", """
feature          text             the feature
family           text             its family
unit             text?            its unit
risk             text             its declared direction of risk
use              text             its use
known_share      number? [share]  rows in which it is known
rows             number? [rows]   labelled rows that its AUC is measured on
defaults         number? [rows]   defaults among them
auc              number?          AUC of the feature alone; below 0.5 where high values are safe
low              number?          lower end of the AUC's 95 % interval, by enterprise
high             number?          upper end of it
drifted_on       date?            the as-of date of its largest drift
drift            number?          its PSI on that date, against the first year
by_chance        number?          PSI that chance alone brings
known_before     number? [share]  rows of the first year in which it is known
known_then       number? [share]  rows of that date in which it is known
drift_to_scored  number?          PSI from the first year to the rows to be scored
found            text?            direction of risk that its AUC shows: rises, falls or unclear
agreement        text?            consistency of the declared and the observed direction
""")  # fmt: skip

RANKINGS = table("features/rankings", "a feature in a half-year", "feature period", """
feature   text            the feature
family    text            its family
period    text            the half-year of the as-of dates
rows      integer [rows]  labelled rows
defaults  integer [rows]  defaults among them
auc       number?         AUC of the feature alone
low       number?         lower end of its 95 % interval, by enterprise
high      number?         upper end of it
""")  # fmt: skip

DEFAULT_RATES = table("features/default_rates", "a bin of a model feature's values", "feature bin", """
feature   text            the feature
family    text            its family
bin       integer         the bin's place, from 0; missing values have the last one
values    text            its values in words
rows      integer [rows]  labelled rows in it
defaults  integer [rows]  defaults among them
rate      number [share]  default rate
low       number [share]  lower end of its 95 % interval, as if each enterprise were one row
high      number [share]  upper end of it
""")  # fmt: skip

DRIFT = table("features/drift", "a feature at an as-of date", "feature as_of labelled", """
feature       text             the feature
family        text             its family
use           text             its use
as_of         date             the as-of date
labelled      flag             true for labelled rows, false for rows to be scored
enterprises   integer          enterprises on that date
psi           number?          PSI against the first year
by_chance     number?          PSI that chance alone brings
known_before  number? [share]  rows of the first year in which it is known
known_share   number? [share]  rows of that date in which it is known
""")  # fmt: skip

TABLES = by_name(FEATURES, ABSENT, DICTIONARY, PROFILE, RANKINGS, DEFAULT_RATES, DRIFT)
