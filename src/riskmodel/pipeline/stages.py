"""The stages in order: each reads what the ones before wrote, computes, and writes its folder."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from riskmodel import datasets as data
from riskmodel import explain as reasoning
from riskmodel import features as feature
from riskmodel import limits as lending
from riskmodel import model as modelling
from riskmodel import months
from riskmodel import validate as validation
from riskmodel.datasets.panel import KEY
from riskmodel.errors import ChecksFailed, DataError, shown
from riskmodel.features.profile import Profile
from riskmodel.features.profile import profile as card_profile
from riskmodel.features.spec import Card
from riskmodel.model import reference_group
from riskmodel.model.fit import learn
from riskmodel.model.unseen_missing import as_anyone
from riskmodel.pipeline import lending as asking
from riskmodel.pipeline.approved_model import approved_model, purpose_of
from riskmodel.pipeline.bank_exclusions import count_exclusions, refuse_unknown_banks
from riskmodel.pipeline.fingerprints import code_fingerprint
from riskmodel.pipeline.trial_file import TrialFile
from riskmodel.runs.run_folder import Run
from riskmodel.settings import read_toml
from riskmodel.sources import Source
from riskmodel.sources.folder import Reading, held, read_folder
from riskmodel.sources.persistence import load_source, save_reading
from riskmodel.storage.files import read_rows, read_text, sha256

SHAP_ROWS = 200
"""Rows on which shap's explainer is asked for the same contributions."""


@dataclass(frozen=True)
class Learning:
    """Who is learnt from, how the rows are split, and how labels move with their definition."""

    population: data.Population
    parts: data.Split
    panel: pd.DataFrame
    sensitivity: pd.DataFrame


@dataclass(frozen=True)
class Explained:
    """Scored rows, their strengths by feature and family, and the reasons.

    `fidelity` is what the reasons would change, `stability` how refits agree with them, and
    `difference` the largest one between our contributions and shap's.
    """

    rows: pd.DataFrame
    strengths: pd.DataFrame
    families: pd.DataFrame
    reasons: pd.DataFrame
    fidelity: pd.DataFrame
    stability: pd.DataFrame
    difference: float


@dataclass(frozen=True)
class Validated:
    """The checks with their verdict, and the figures behind them."""

    checks: pd.DataFrame
    verdict: validation.Verdict
    performance: pd.DataFrame
    grades: pd.DataFrame
    vintages: pd.DataFrame


def sources(run: Run) -> Reading:
    """The source folder through the contract's door, as it was known at the run's date."""
    run.begin("sources")
    settings = run.settings
    reading = held(read_folder(Path(settings.run.data), settings.sources), settings.sources)
    cut = months.day_start(pd.Timestamp(settings.run.as_of).date(), settings.sources.timezone)
    known = Reading(reading.source.known_before(cut), reading.rejects, reading.report)
    save_reading(known, run.folder / "sources")
    return known


def source_of(run: Run) -> Source:
    """The source that the stage wrote."""
    return load_source(run.written("sources", "source.json").parent)


def features(run: Run) -> feature.Features:
    """Every card for every enterprise and date that is learnt from or scored."""
    run.begin("features")
    source, settings = source_of(run), run.settings
    rows = data.observed(_population(run, source))
    found = feature.compute(source, rows, settings.features, threads=settings.run.threads)
    attributes = feature.attribute_columns(source)
    run.write(
        "features",
        features=found.frame,
        absent=found.absent,
        dictionary=feature.dictionary(found.cards),
    )
    names = [card.name for card in found.cards]
    run.write_json("features", "cards", {"computed": names, "attributes": attributes})
    return found


def profile(run: Run, found: feature.Features) -> Profile:
    """What the cards look like on these rows, and how each alone ranks the known labels."""
    labelled = _population(run, source_of(run)).labelled[[*KEY, "defaulted"]]
    joined = found.frame[KEY].merge(labelled, how="left", on=KEY, validate="1:1")
    described = card_profile(found, joined["defaulted"].astype("boolean"))
    run.write(
        "features", profile=described.cards, rankings=described.periods, drift=described.drift
    )
    return described


def features_of(run: Run) -> feature.Features:
    """The features that the stage wrote, with their cards."""
    frame, absent = run.read("features", "features"), run.read("features", "absent")
    return feature.Features(frame, cards_of(run), absent)


def cards_of(run: Run) -> tuple[Card, ...]:
    """The cards that were computed."""
    named = run.read_json("features", "cards")
    return feature.computed_cards(
        named["computed"], named["attributes"], run.settings.features.attribute_risk
    )


def datasets(run: Run) -> Learning:
    """Labels, exclusions, splits and the panel."""
    run.begin("datasets")
    source, settings = source_of(run), run.settings.datasets
    population = _population(run, source)
    ever = population.horizon_months is None
    parts = data.split(population.labelled, settings, ever=ever)
    panel = data.panel(population, parts, run.read("features", "features"))
    cards = feature.available(source, run.settings.features)
    moved = data.sensitivity(source, settings, _as_of(run), cards)
    run.write(
        "datasets",
        panel=panel,
        exclusions=population.exclusions,
        splits=parts.counts,
        sensitivity=moved,
        early_signs=data.early_signs(source, population.labelled, population.horizon_months),
    )
    run.write_json(
        "datasets",
        "population",
        {
            "kind": population.kind,
            "outcome": population.outcome,
            "horizon_months": population.horizon_months,
            "by_time": parts.by_time,
            "split": parts.text,
        },
    )
    return Learning(population, parts, panel, moved)


def model(run: Run) -> modelling.Fitted:
    """The candidates, fitted; or the approved champion, replayed."""
    run.begin("model")
    panel, facts = learning_panel(run), run.read_json("datasets", "population")
    if run.settings.model.source == "champion":
        champion = approved_model(run)
        fitted, walked = modelling.replayed(champion, panel), pd.DataFrame()
    else:
        parts = data.Split(panel[panel["split"] != "score"], facts["by_time"], facts["split"])
        task = _task(run, facts)
        fitted = modelling.fit(panel, parts, task)
        walked = _walked(
            next(iter(fitted.models.values())),
            panel,
            facts,
            modelling.without(fitted.suspects, task),
        )
    run.write(
        "model",
        predictions=fitted.predictions,
        blind=fitted.blind,
        repeats=fitted.repeats,
        trials=fitted.trials,
        suspects=fitted.suspects,
        walked=walked,
    )
    for name, one in fitted.models.items():
        _write_model(run, name, one)
        _write_scorecard(run, one, panel)
    _write_unknown(run, fitted, panel[panel["split"] == "score"])
    run.write_json("model", "champion", {"name": next(iter(fitted.models))})
    return fitted


def _task(run: Run, population: dict[str, Any]) -> modelling.Task:
    """What fitting is given; trials of the tuning are kept as they end, for a run that is stopped."""
    store = TrialFile(run.folder / "model" / "trials.jsonl", _searched(run))
    facts = _model_facts(run, population)
    return modelling.Task(
        cards_of(run), run.settings, facts, _print_progress, store.known(), store.keep
    )


def _walked(
    champion: modelling.RiskModel, panel: pd.DataFrame, facts: dict[str, Any], task: modelling.Task
) -> pd.DataFrame:
    """The champion's kind walked forward over the vintages, where labels come over several dates."""
    if not facts["by_time"] or facts["horizon_months"] is None:
        return pd.DataFrame()
    return modelling.walk_forward(champion, panel, facts["horizon_months"], task)


def _searched(run: Run) -> str:
    """What the trials of a search depend on: the panel, the settings, the code."""
    panel = sha256(run.written("datasets", "panel.parquet"))
    settings = run.settings.model_copy(
        update={"model": run.settings.model.model_copy(update={"trials": 1})}
    )
    tables = [settings.tables()[name] for name in ("features", "datasets", "model", "validate")]
    facts = (panel, tables, settings.run.seed, _versions(), code_fingerprint())
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def champion_of(run: Run) -> modelling.RiskModel:
    """The model that is recommended: the first candidate, or the approved one."""
    name = run.read_json("model", "champion")["name"]
    folder = run.written("model", f"{name}/model.json").parent
    files = {path.name: read_text(path) for path in sorted(folder.iterdir()) if path.name[0] != "."}
    try:
        return modelling.RiskModel.from_files(files, threads=run.settings.run.threads)
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{shown(folder)}: not the texts of a model ({type(error).__name__}). Run the stage model"
            " again."
        ) from error


def explain(run: Run) -> Explained:
    """Reasons of every enterprise that is scored, and the proof of them."""
    run.begin("explain")
    champion, panel, settings = champion_of(run), learning_panel(run), run.settings.explain
    baseline = reasoning.baseline_of(champion, cards_of(run))
    rows = panel[panel["split"] == "score"].reset_index(drop=True)
    strengths = reasoning.strengths(baseline, rows)
    families = reasoning.by_family(strengths, baseline.cards)
    reasons = reasoning.reasons(baseline, rows, settings)
    changed = reasoning.fidelity(baseline, rows, reasons)
    some = rows.iloc[:: -(-len(rows) // settings.stability_rows) or 1]
    refits, seed = _refitted(run, champion, panel), run.settings.run.seed
    stable = reasoning.stability(baseline, refits, some, settings, seed=seed)
    difference = reasoning.agreement_with_shap(champion, rows.head(SHAP_ROWS))
    run.write("explain", reasons=reasons, contributions=rows[KEY].join(families), fidelity=changed)
    if baseline.is_scorecard:
        points = reasoning.points_below_best(baseline, rows)
        run.write("explain", points_below_best=rows[KEY].join(points))
    record = {"refits": json.loads(stable.to_json(orient="records"))}
    run.write_json("explain", "stability", record)
    run.write_json(
        "explain", "agreement", {"rows": len(rows.head(SHAP_ROWS)), "largest": difference}
    )
    return Explained(rows, strengths, families, reasons, changed, stable, difference)


def _refitted(
    run: Run, champion: modelling.RiskModel, panel: pd.DataFrame
) -> Iterator[reasoning.Baseline]:
    """The champion learnt again as it was, on enterprises of the labelled rows drawn with
    replacement, each time with peers of its own."""
    settings, features = run.settings, {name for name, _ in champion.inputs}
    rows = panel[panel["split"] != "score"].astype({"defaulted": bool})
    cards = [card for card in cards_of(run) if card.name in features]
    how = settings.model.model_copy(update=champion.facts["learnt"])
    for number in range(1, settings.explain.refits + 1):
        drawn = reasoning.resampled(rows, settings.run.seed + number)
        ranker = learn(champion.name, drawn, modelling.Task(cards, settings), how)
        near = reference_group.learn(ranker, drawn, settings.explain.peers_share)
        yield reasoning.baseline_of(replace(champion, ranker=ranker, peers=near), cards)


def validate(run: Run) -> Validated:
    """The checks, the verdict, and performance by model and split."""
    run.begin("validate")
    settings, source = run.settings, source_of(run)
    found, facts = features_of(run), run.read_json("datasets", "population")
    blind, champion = run.read("model", "blind"), champion_of(run)
    predictions = validation.judged(run.read("model", "predictions"), blind)
    canary = validation.changed_values(
        source,
        found,
        settings.features,
        sample=settings.validate_.leak_sample,
        seed=settings.run.seed,
    )
    evidence = validation.Evidence(
        predictions=predictions,
        panel=panel_of(run),
        cards=found.cards,
        champion=champion.name,
        by_time=facts["by_time"],
        by_enterprise=not (facts["by_time"] and blind.empty),
        time_travel=canary,
        settings=settings.validate_,
        seed=settings.run.seed,
        suspects=run.read("model", "suspects"),
    )
    checks = validation.run_checks(evidence)
    word = validation.verdict(checks, settings.validate_)
    draws = settings.validate_.bootstrap_draws
    figures = validation.performance(predictions, draws, settings.run.seed)
    grades = validation.by_grade(evidence.rows("test"), settings.validate_.asset_correlation)
    walked = run.read("model", "walked")
    vintages = validation.by_vintage(walked, draws, settings.run.seed) if len(walked) else walked
    run.write("validate", checks=checks, performance=figures, grades=grades, vintages=vintages)
    record = {"verdict": word.word, "failed": word.failed, "conditions": word.conditions}
    run.write_json("validate", "verdict", record)
    return Validated(checks, word, figures, grades, vintages)


def limits(run: Run) -> lending.Book:
    """Eligibility, caps, economics and the allocation under the banks' rows."""
    run.begin("limits")
    settings, programme, last = run.settings, programme_of(run), last_run(run)
    policy, banks = programme.policy, banks_of(run)
    learnt = asking.taught(programme)
    signed, known = agreements_of(run, programme.source, banks)
    without = count_exclusions(signed, banks)
    book = lending.recommend(
        candidates_of(run, programme),
        known,
        policy,
        banks,
        grid=settings.limits.grid,
        left_out=without.enterprises,
        churn=_churn(run, policy),
        learnt=learnt,
        last_prices=last.rows if last else None,
        threads=settings.run.threads,
    )
    run.write(
        "limits",
        recommendations=book.recommendations,
        funnel=book.funnel,
        caps=book.caps,
        by_bank=book.by_bank,
        curves=book.curves,
        rows=book.certificate.rows,
    )
    proof = {
        "value": book.certificate.value,
        "bound": book.certificate.bound,
        "gap": book.certificate.gap,
        "largest_violation": book.certificate.largest_violation,
        "last_run": last.name if last else "",
    }
    run.write_json("limits", "certificate", proof)
    run.write_json("limits", "left_out", without.record())
    run.write_json("limits", "learnt", learnt.to_text())
    return book


def questions(run: Run, book: lending.Book) -> asking.Questions:
    """What reviewers and enterprises ask of the month's book, answered at its prices."""
    programme, banks, last = programme_of(run), banks_of(run), last_run(run)
    champion, how = champion_of(run), run.settings.limits
    horizon = run.read_json("datasets", "population")["horizon_months"]

    def score(features: pd.DataFrame) -> pd.DataFrame:
        return _in_a_year(champion.score(features), horizon, how.twelve_month_pd)

    terms = terms_of(run)
    _, known = agreements_of(run, programme.source, banks)
    decided = asking.Decided(candidates_of(run, programme), known, terms, book, score)
    before = last.recommendations if last else None
    found = asking.asked(decided, run.settings, before)
    run.write(
        "limits",
        raising=found.raising,
        intervals=found.intervals,
        pd_errors=found.pd_errors,
        monotone=found.monotone,
        provinces=found.provinces,
        changes=found.changes,
        change_counts=found.change_counts,
    )
    return found


def terms_of(run: Run) -> lending.Terms:
    """The terms under which the stage `limits` decided, with what past lines taught it."""
    policy = policy_of(run)
    curve = lending.curve_of(_churn(run, policy), policy)
    learnt = lending.Learnt.from_text(run.read_json("limits", "learnt"))
    return lending.Terms(policy, banks_of(run), curve, learnt)


def refuse_breaches(run: Run) -> None:
    """`ChecksFailed` where the run's recommendations are not what its terms allow."""
    programme, terms = programme_of(run), terms_of(run)
    found = lending.breaches(
        run.read("limits", "recommendations"),
        candidates_of(run, programme),
        agreements_of(run, programme.source, terms.banks)[1],
        terms,
        grid=run.settings.limits.grid,
    )
    if found:
        raise ChecksFailed(
            f"{run.name}: nothing was published, the limits break {len(found)} terms"
            f" ({'; '.join(found[:6])}). Remove the run's folder limits, then give the same command"
            " again."
        )


def last_run(run: Run) -> asking.LastMonth | None:
    """Last month's limits, where the settings name a run; `SettingsError` where it has none."""
    name = run.settings.limits.last_run
    return asking.last_month(run.folder.parent / Path(name).name) if name else None


def programme_of(run: Run) -> asking.Programme:
    """What the limits read of the run: its source, its cards, its terms."""
    return asking.Programme(source_of(run), cards_of(run), policy_of(run), run.settings)


def candidates_of(run: Run, programme: asking.Programme) -> pd.DataFrame:
    """The scored enterprises with their cards, their PDs and the use of their own lines."""
    panel = panel_of(run)
    scored = panel[panel["split"] == "score"].drop(columns=["split", "defaulted"])
    with_pd = scored.merge(_twelve_month(run), on="enterprise_id", how="left", validate="1:1")
    return asking.with_use(programme, with_pd)


def agreements_of(
    run: Run, source: Source, banks: lending.Banks
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The agreements in force on the run's day: all of them, and those with banks that have terms.

    `SettingsError` for a bank without terms that the settings do not leave out by name.
    """
    signed = signed_pairs(source, _as_of(run))
    refuse_unknown_banks(signed, banks, run.settings)
    return signed, signed[signed["bank"].isin(banks.names)]


def panel_of(run: Run) -> pd.DataFrame:
    """The panel, its `defaulted` as pandas' boolean."""
    return run.read("datasets", "panel").astype({"defaulted": "boolean"})


def learning_panel(run: Run) -> pd.DataFrame:
    """The panel with the early signs that trees may learn from beside the defaults."""
    signs = run.read("datasets", "early_signs")
    panel = panel_of(run)
    return panel.merge(signs, on=KEY, how="left", validate="m:1") if len(signs) else panel


def policy_of(run: Run) -> lending.Policy:
    """The terms, as the run keeps them."""
    path = run.written(".", "policy.toml")
    return lending.policy_from(read_toml(path), run.settings.limits.policy)


def banks_of(run: Run) -> lending.Banks:
    """The banks, as the run keeps them."""
    return lending.banks_from(read_toml(run.written(".", "banks.toml")), run.settings.limits.banks)


def signed_pairs(source: Source, as_of: Any) -> pd.DataFrame:
    """enterprise_id, bank: agreements in force at the start of the day."""
    if not source.has("agreements"):
        return pd.DataFrame({"enterprise_id": [], "bank": []}, dtype="str")
    pacts, day = data.current(source, "agreements"), pd.Timestamp(as_of)
    in_force = pacts["signed_on"] < day
    if "ended_on" in pacts:
        in_force &= pacts["ended_on"].isna() | (pacts["ended_on"] >= day)
    return pacts.loc[in_force, ["enterprise_id", "bank"]].drop_duplicates(ignore_index=True)


def _population(run: Run, source: Source) -> data.Population:
    cards = feature.available(source, run.settings.features)
    return data.population(source, run.settings.datasets, _as_of(run), cards)


def _as_of(run: Run) -> Any:
    return pd.Timestamp(run.settings.run.as_of).date()


def _twelve_month(run: Run) -> pd.DataFrame:
    """The scored enterprises' PDs over twelve months, with their grade."""
    predictions, name = run.read("model", "predictions"), champion_of(run).name
    mine = (predictions["model"] == name) & (predictions["split"] == "score")
    horizon = run.read_json("datasets", "population")["horizon_months"]
    how = run.settings.limits.twelve_month_pd
    scored = predictions.loc[mine, ["enterprise_id", "pd_12m", "pd_low", "pd_high", "grade"]]
    return _in_a_year(scored, horizon, how)


def _in_a_year(scored: pd.DataFrame, horizon: int | None, how: Any) -> pd.DataFrame:
    """PDs of the labels' horizon as twelve-month ones."""
    yearly = {
        column: lending.twelve_month(scored[column], horizon, how)
        for column in ("pd_12m", "pd_low", "pd_high")
    }
    return scored.assign(**yearly)


def _churn(run: Run, policy: lending.Policy) -> pd.DataFrame | None:
    """The rate-to-churn curve that the policy names, from the source's `_terms` folder."""
    name = policy.price.churn_file
    if not name:
        return None
    path = Path(run.settings.run.data) / "_terms" / Path(name).name
    if not path.exists():
        raise DataError(f"_terms/{name}: not in the source folder. Import it, or drop churn_file.")
    return pd.DataFrame(read_rows(path).to_pandas())


def _model_facts(run: Run, population: dict[str, Any]) -> dict[str, Any]:
    """What the model remembers of its making."""
    return {
        "as_of": str(run.settings.run.as_of),
        "data_fingerprint": source_of(run).fingerprint,
        "code_fingerprint": code_fingerprint(),
        "outcome": population["outcome"],
        "purpose": purpose_of(run, population).texts(),
        "split": population["split"],
        "settings": {
            "model": run.settings.model.model_dump(mode="json"),
            "datasets": run.settings.datasets.model_dump(mode="json"),
            "features": run.settings.features.model_dump(mode="json"),
            "explain": run.settings.explain.model_dump(mode="json"),
            "seed": run.settings.run.seed,
        },
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    """The versions of what a model's bytes can depend on."""
    import platform
    from importlib import metadata

    packages = (
        "riskmodel lightgbm numba numpy optbinning optuna ortools pandas scikit-learn scipy".split()
    )
    found = {name: metadata.version(name) for name in packages}
    extra = [one for one in ("interpret-core",) if list(metadata.distributions(name=one))]
    found |= {name: metadata.version(name) for name in extra}
    return {"python": platform.python_version(), **found}


def _write_model(run: Run, name: str, one: modelling.RiskModel) -> None:
    from riskmodel.storage.files import write_text

    for file, text in one.to_files().items():
        write_text(run.folder / "model" / name / file, text)


def _write_unknown(run: Run, fitted: modelling.Fitted, rows: pd.DataFrame) -> None:
    """Rows to score that count as anyone, by model and feature, and texts that are no known level;
    the log names the recommended model's."""
    counts = {name: one.unknown(rows) for name, one in fitted.models.items()}
    texts = {name: one.ranker.inputs.unseen(rows) for name, one in fitted.models.items()}
    run.write_json("model", "unknown", {"rows": len(rows), "as_anyone": counts, "texts": texts})
    for line in unknown_values(run, next(iter(fitted.models))):
        _print_progress(line)


def unknown_values(run: Run, name: str) -> tuple[str, ...]:
    """What of the rows to score a model takes as anyone's, in words: a sentence a feature."""
    record = run.read_json("model", "unknown")
    return as_anyone(record["as_anyone"][name], record["rows"])


def _write_scorecard(run: Run, one: modelling.RiskModel, panel: pd.DataFrame) -> None:
    """A scorecard's bins with their points, what it left out and why, levels of scored rows that it
    has not seen; and as SQL, so that a bank can score by itself, with the PD where it is a line."""
    from riskmodel.model.learners.scorecard.scorecard import Scorecard
    from riskmodel.model.learners.scorecard.sql import scorecard_sql
    from riskmodel.storage.files import write_text

    if not isinstance(one.ranker, Scorecard):
        return
    run.write("model", scorecard=one.ranker.table())
    unseen = one.ranker.unseen(panel[panel["split"] == "score"])
    run.write_json(
        "model", "scorecard", {"left_out": dict(one.ranker.left_out), "unseen": dict(unseen)}
    )
    curve, line = one.calibration.curve, None
    if curve.method == "logistic":
        line = (curve.intercept + one.calibration.shift, curve.terms[0])
    write_text(run.folder / "model" / "scorecard.sql", scorecard_sql(one.ranker, calibration=line))


def _print_progress(words: str) -> None:
    """Progress inside a kernel goes to its log."""
    import logging

    logging.getLogger("riskmodel").info(words)
