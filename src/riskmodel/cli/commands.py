"""The commands' functions: each imports what it needs when it is called."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.errors import UsageError, printable

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.features.engine import MapPartitions

ROOT_NAME = "RISKMODEL_ROOT"
ON_SIMULATIONS = ("backtest", "reject-inference")
"""Benchmarks that simulate worlds to claim something of worlds that nobody has seen."""


def root_folder() -> Path:
    """Return the project's folder: RISKMODEL_ROOT, or the nearest one upwards with notebooks and
    experiments. Raises `UsageError` if there is none."""
    named = os.environ.get(ROOT_NAME)
    if named:
        return Path(named).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / "notebooks").is_dir() and (folder / "experiments").is_dir():
            return folder
    raise UsageError(f"no project folder here or above. Go to the checkout, or set {ROOT_NAME}.")


def _print_progress(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


@contextmanager
def _progress_bar(total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on standard error; yields a function that takes the number done."""
    from tqdm import tqdm

    with tqdm(total=max(total, 0), unit=f" {unit}", file=sys.stderr, mininterval=0.5) as bar:

        def show(done: int) -> None:
            """Move the bar."""
            bar.update(done - bar.n)

        yield show


def simulate(arguments: argparse.Namespace) -> None:
    """Write a simulated economy as a source folder."""
    from riskmodel.simulation import write_simulation

    with _progress_bar(arguments.enterprises, "enterprises") as progress:
        write_simulation(
            arguments.out,
            enterprises=arguments.enterprises,
            months=arguments.months,
            seed=arguments.seed,
            scenario=arguments.scenario,
            partition_size=arguments.partition_size,
            threads=arguments.threads,
            progress=progress,
        )
    print(f"{arguments.out}: {arguments.enterprises:,} fictional enterprises")


def import_dataset(arguments: argparse.Namespace) -> None:
    """Write a public data set as a source folder."""
    from riskmodel.sources.importers import IMPORTERS

    IMPORTERS[arguments.name](arguments.raw, arguments.out)
    print(f"{arguments.out}: {arguments.name} as a source folder")


def check_source(arguments: argparse.Namespace) -> None:
    """Print the report on a source folder; raises `DataError` for too many bad rows."""
    from riskmodel.settings import default_settings
    from riskmodel.sources.folder import accept_reading, read_folder
    from riskmodel.storage.files import write_parquet

    settings = default_settings().sources
    reading = read_folder(arguments.data, settings, progress=_print_progress)
    print(printable(reading.report.text(), keep="\n"))
    if arguments.rejects:
        for name, rows in reading.rejects.items():
            write_parquet(rows, arguments.rejects / f"{name}.parquet")
    accept_reading(reading, settings)


@contextmanager
def _parallel_map(arguments: argparse.Namespace) -> Iterator["MapPartitions"]:
    """Yield the map that runs every partition: in threads, or on Spark."""
    if arguments.engine == "local":
        from riskmodel.features.engine import map_partitions_in_threads

        yield map_partitions_in_threads(arguments.threads)
        return
    from riskmodel.pipeline.spark import on_spark

    with on_spark(arguments.master) as map_partitions:
        yield map_partitions


def compute_features(arguments: argparse.Namespace) -> None:
    """Compute the features of a source folder into files."""
    from riskmodel.pipeline.feature_files import definitions_named, feature_settings, write_features
    from riskmodel.pipeline.feature_rows import asked_for

    asked = asked_for(arguments.dates, arguments.rows)
    definitions = definitions_named(arguments.features) if arguments.features else None
    settings = feature_settings(partition_size=arguments.partition_size, threads=arguments.threads)
    with _parallel_map(arguments) as map_partitions:
        files = write_features(
            arguments.data,
            arguments.out,
            asked,
            settings,
            map_partitions=map_partitions,
            definitions=definitions,
            progress=_print_progress,
        )
    rows = int(files.months["rows"].sum())
    print(
        f"{arguments.out}: {rows:,} rows, {len(files.definitions)} features, {len(files.absent)} absent"
    )


def score_files(arguments: argparse.Namespace) -> None:
    """Score feature files with a registered version of the model."""
    from riskmodel.pipeline.approved_model import texts_to_score
    from riskmodel.pipeline.score_files import score_features, score_with_reasons

    version, texts = texts_to_score(root_folder(), arguments.version, arguments.programme)
    with _parallel_map(arguments) as map_partitions:
        score = score_with_reasons if arguments.reasons else score_features
        rows = score(arguments.features, arguments.out, texts, map_partitions, _print_progress)
    print(f"{arguments.out}: {rows:,} rows scored by version {version}")


def run_experiment(arguments: argparse.Namespace) -> None:
    """Run the stages of an experiment and print its summary."""
    from riskmodel.pipeline import experiment
    from riskmodel.pipeline.summary import summary

    assignments = list(arguments.assignments)
    if arguments.data:
        # a literal TOML text: nothing in a path can end it
        assignments.append(f"run.data={_literal(arguments.data)}")
    if arguments.as_of:
        assignments.append(f"run.as_of={arguments.as_of}")
    request = experiment.RunRequest(
        arguments.experiment, tuple(assignments), tuple(arguments.banks)
    )
    run = experiment.run_experiment(request, root_folder(), _print_progress)
    print(printable(summary(run), keep="\n"))


def _literal(path: Path) -> str:
    import json

    return json.dumps(str(path), ensure_ascii=False)


def list_versions(arguments: argparse.Namespace) -> None:
    """Print the registered versions with their last reviews."""
    from riskmodel.registry import review

    versions = review.list_versions(root_folder())
    print("no version is registered yet" if versions.empty else versions.to_string(index=False))


def show_version(arguments: argparse.Namespace) -> None:
    """Print a version's model card, facts and reviews."""
    from riskmodel.registry import review

    print(printable(review.describe_version(root_folder(), arguments.version), keep="\n"), end="")


def decide_version(arguments: argparse.Namespace) -> None:
    """Record the approval or the rejection of a version."""
    from riskmodel.registry import review

    day = arguments.on or date.today()
    entry = {"by": arguments.by, "reason": arguments.reason, "on": day}
    line = f"version {arguments.version}: {arguments.decision} recorded, from {day}"
    if arguments.decision == "approve":
        programme = arguments.programme
        review.approve(root_folder(), arguments.version, **entry, programme=programme)
        line += ": not for runs as of an earlier day"
    else:
        review.reject(root_folder(), arguments.version, **entry)
    print(line)


def show_version_in_force(arguments: argparse.Namespace) -> None:
    """Print the version that was in force on a day."""
    from riskmodel.registry import review

    version = review.version_in_force(root_folder(), arguments.on, arguments.programme)
    print(f"version {version}" if version else f"no version was in force on {arguments.on}")


def run_benchmark(arguments: argparse.Namespace) -> None:
    """Run a benchmark and print its table."""
    if arguments.seeds and arguments.benchmark not in ON_SIMULATIONS:
        raise UsageError(f"bench {arguments.benchmark}: simulates no world. Leave --seeds out.")
    if arguments.benchmark in ("models", "foreign"):
        table = _bench_data(arguments.benchmark, arguments.data)
    elif arguments.benchmark in ON_SIMULATIONS:
        table = _bench_simulations(arguments)
    else:
        from riskmodel.benchmarks.commands import bench

        table = bench(arguments.benchmark, arguments.enterprises, _print_progress)
    print(table.drop(columns="simulated", errors="ignore").to_string(index=False))
    for text in table.get("simulated", ())[:1]:
        print(text)
    if arguments.json:
        from riskmodel.storage.files import write_text

        write_text(arguments.json, table.to_json(orient="records", indent=1) + "\n")


def _bench_data(benchmark: str, data: Path | None) -> "pd.DataFrame":
    """Run a benchmark on data that the user brings."""
    if data is None:
        raise UsageError(f"bench {benchmark}: name the data sets' folder by --data DIR.")
    if benchmark == "foreign":
        from riskmodel.benchmarks.foreign import bench_foreign

        return bench_foreign(data, _print_progress)
    from riskmodel.benchmarks.models import bench_models

    return bench_models(data, root_folder() / "experiments", _print_progress)


def _bench_simulations(arguments: argparse.Namespace) -> "pd.DataFrame":
    from riskmodel.benchmarks.commands import bench_simulations

    return bench_simulations(
        arguments.benchmark,
        arguments.enterprises,
        arguments.seeds,
        root_folder() / "experiments",
        _print_progress,
    )


def print_dictionary(arguments: argparse.Namespace) -> None:
    """Print the data dictionary, that of a run's tables, or the page of all settings, as Markdown."""
    if arguments.of == "settings":
        from riskmodel.settings.reference import settings_page

        print(settings_page(), end="")
        return
    if arguments.of == "run":
        from riskmodel.tables.run.markdown import run_dictionary

        print(run_dictionary(), end="")
        return
    from riskmodel.features.data_dictionary import markdown

    print(markdown(), end="")
