"""Tables of the stage `model`."""

from riskmodel.tables.run.declaration import by_name, table

_PREDICTION = """
enterprise_id  text            the enterprise
as_of          date            the as-of date
split          text            fit, calibrate, gap, test, score, cross_validated (fit rows out of fold), or train_all (the labelled rows, by the fit on all of them)
defaulted      flag?           true for a default within the horizon; missing for rows to be scored
model          text            the candidate
pd_12m         number [share]  probability of default
pd_low         number [share]  lower end of its interval
pd_high        number [share]  upper end of its interval
grade          text            grade of the master scale
"""

PREDICTIONS = table(
    "model/predictions",
    "an enterprise and date by one model; test rows of cross-validation are out-of-fold means",
    "enterprise_id as_of split model",
    _PREDICTION,
)
OUT_OF_FOLD = table(
    "model/out_of_fold",
    "a test row by one model, ranked and calibrated without its enterprise; and the champion's fit rows, called cross_validated",
    "enterprise_id as_of split model",
    _PREDICTION,
)
REPEATS = table(
    "model/repeats",
    "an out-of-fold row by one model in one repeat of the cross-validation",
    "enterprise_id as_of split model repeat",
    _PREDICTION + "repeat integer the repeat's number",
)

TRIALS = table("model/trials", "a trial of the tuning", "model trial", """
model       text      the candidate
trial       integer   its number; 0 is the settings as they stand
log_loss    number?   mean log loss of defaults over the folds, the scores recalibrated
lead        number?   by how much it lies below that of trial 0 on the same rows
lead_error  number?   the standard error of the lead, by enterprise
rounds      integer   boosting rounds
pruned      flag      true for a trial that was stopped early
settings    text      its settings as JSON
""")  # fmt: skip

LEAKAGE_SUSPECTS = table("model/leakage_suspects", "a column that looks like a leak", "", """
feature    text      the column
kind       text      the test that it fails: alone, region, outranks, together, lifts, ahead or fading; strong (other columns tell of it) and proven (our own feature) are honest
reason     text      the finding in words
value      number?   the measured value
low        number?   lower end of its interval
high       number?   upper end of it
threshold  number?   the bound that the value is compared with
decision   text      excluded, kept, cleared by a person, or watched
""")  # fmt: skip

WALK_FORWARD = table("model/walk_forward", "a labelled row of a vintage", "enterprise_id as_of vintage model", """
enterprise_id  text    the enterprise
as_of          date    the as-of date
defaulted      flag    true for a default within the horizon
vintage        text    the vintage that the row is tested in
model          text    the candidate
score          number  score by a model fitted on what was known before the vintage
""")  # fmt: skip

SCORECARD = table("model/scorecard", "a bin of a feature of the scorecard", "feature bin", """
feature      text             the feature
bin          text             the bin's bounds or levels
rows         integer [rows]   fit rows in it
defaults     integer [rows]   defaults among them
rate         number? [share]  defaults by rows
woe          number?          weight of evidence
points       number? [points] points of the scorecard
information  number?          information value of the feature
low          number?          lower end of the default rate's 95 % interval
high         number?          upper end of it
""")  # fmt: skip

TABLES = by_name(
    PREDICTIONS, OUT_OF_FOLD, REPEATS, TRIALS, LEAKAGE_SUSPECTS, WALK_FORWARD, SCORECARD
)
