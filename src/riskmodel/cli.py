"""The command line: thin, quick to start, one line an error, an exit code a kind."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel import __version__
from riskmodel.errors import ChecksFailed, RiskModelError, UsageError, as_machine_error, printable

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.features.engine import Each

ROOT_NAME = "RISKMODEL_ROOT"
MOST, MOST_SEED, MOST_THREADS, LONGEST = 1_000_000_000, 2**32 - 1, 1024, 60
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
"""The contract's dates."""
PROGRAMME = "as the policy names it (default: that of experiments/policy.toml)"
EXIT_CODES = (
    "exit codes: 0 done, 2 usage, 3 bad data, 4 bad settings, 5 checks failed, 6 not approved,"
    " 70 our fault"
)


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; errors are one line unless `--debug`."""
    arguments = parser().parse_args(words)
    try:
        arguments.act(arguments)
    except RiskModelError as error:
        if isinstance(error, ChecksFailed) and error.report:
            print(error.report, flush=True)
        if arguments.debug:
            raise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    except Exception as error:
        if arguments.debug:
            raise
        if fault := as_machine_error(error):
            print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
            return fault.exit_code
        kind = type(error).__name__
        print(f"our fault: {kind}. Run again with --debug and report it.", file=sys.stderr)
        return RiskModelError.exit_code
    return 0


def parser() -> argparse.ArgumentParser:
    """Every command with its words."""
    top = argparse.ArgumentParser(
        prog="riskmodel",
        description="From export and bank history to each bank's limit file.",
        epilog=EXIT_CODES,
    )
    top.add_argument("--version", action="version", version=f"riskmodel {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _world(_command(commands, "world", "write a fictional economy", _act_world))
    _import(_command(commands, "import", "a public data set into a source folder", _act_import))
    _check(_command(commands, "check", "the contract's report on a source folder", _act_check))
    _features(_command(commands, "features", "every card, streamed to files", _act_features))
    _score(_command(commands, "score", "feature files scored by a registered model", _act_score))
    _run(_command(commands, "run", "an experiment: the eight notebooks, by papermill", _act_run))
    review = _command(commands, "review", "who may be used: the recorded reviews", None)
    _review(review.add_subparsers(required=True, metavar="ACTION"))
    _bench(_command(commands, "bench", "ours beside what a user would pick instead", _act_bench))
    _command(commands, "dictionary", "print the data dictionary as Markdown", _act_dictionary)
    return top


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    meaning: str,
    act: Callable[[argparse.Namespace], None] | None,
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=meaning, description=meaning, epilog=EXIT_CODES)
    made.add_argument("--debug", action="store_true", help="show the stack trace of an error")
    if act:
        made.set_defaults(act=act)
    return made


def _world(made: argparse.ArgumentParser) -> None:
    made.add_argument("out", type=_folder, metavar="OUT", help="a new or empty folder to write to")
    made.add_argument(
        "--enterprises", type=_whole(1, MOST), default=3000, help="how many (default: 3000)"
    )
    made.add_argument("--months", type=_whole(1, MOST), default=60, help="of history (default: 60)")
    made.add_argument(
        "--seed", type=_whole(0, MOST_SEED), default=7, help="same seed, same bytes (default: 7)"
    )
    made.add_argument("--scenario", type=_words, default="base", metavar="NAME",
                      help="base, drift, gaming, shock, tariff, thin or yuan, or a TOML file that"
                      " overrides parameters of the base (default: base)")  # fmt: skip
    made.add_argument("--part", type=_whole(1, MOST), default=2500, metavar="N",
                      help="enterprises worked on at once: memory, not bytes (default: 2500)")  # fmt: skip
    made.add_argument(
        "--threads",
        type=_whole(1, MOST_THREADS),
        default=2,
        help="of work: time, not bytes (default: 2)",
    )


def _import(made: argparse.ArgumentParser) -> None:
    made.add_argument("name", metavar="NAME", choices=["cumcm2020c", "gmsc", "taiwan"],
                      help="cumcm2020c, gmsc or taiwan")  # fmt: skip
    made.add_argument(
        "raw", type=_folder, metavar="FROM", help="the folder with the original files"
    )
    made.add_argument("out", type=_folder, metavar="OUT", help="a new or empty folder to write to")


def _check(made: argparse.ArgumentParser) -> None:
    made.add_argument("data", type=_path, metavar="DATA", help="a source folder")
    made.add_argument(
        "--rejects", type=_folder, metavar="DIR", help="write the rows set aside there"
    )


def _features(made: argparse.ArgumentParser) -> None:
    made.add_argument("data", type=_path, metavar="DATA", help="a source folder")
    made.add_argument("out", type=_folder, metavar="OUT",
                      help="where the files go; what stands there already is used again")  # fmt: skip
    made.add_argument("--as-of", type=_date, action="append", default=[], metavar="DATE",
                      dest="dates", help="everyone registered on that day; may be repeated")  # fmt: skip
    made.add_argument("--rows", type=_path, metavar="FILE",
                      help="instead: a Parquet file of enterprise_id and as_of")  # fmt: skip
    made.add_argument("--card", type=_words, action="append", default=[], metavar="NAME", dest="cards",
                      help="this card only, with its parts; may be repeated (default: all)")  # fmt: skip
    made.add_argument("--part", type=_whole(1, MOST), metavar="N",
                      help="enterprises in a part: memory, not values (default: the settings')")  # fmt: skip
    _where(made)


def _score(made: argparse.ArgumentParser) -> None:
    made.add_argument("features", type=_folder, metavar="FEATURES",
                      help="what `riskmodel features` wrote")  # fmt: skip
    made.add_argument("out", type=_folder, metavar="OUT", help="where the scores go")
    made.add_argument("--version", type=_version, metavar="N",
                      help="of the registered model (default: the one in force today)")  # fmt: skip
    made.add_argument("--programme", type=_words, metavar="NAME", help=PROGRAMME)
    made.add_argument("--reasons", action="store_true",
                      help="with up to four reasons a row, their words in OUT/reasons.parquet")  # fmt: skip
    _where(made)


def _where(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--threads",
        type=_whole(1, MOST_THREADS),
        default=2,
        help="of work: time, not values (default: 2)",
    )
    made.add_argument("--engine", choices=["local", "spark"], default="local",
                      help="this machine, or Spark (pip install 'riskmodel[spark]')")  # fmt: skip
    made.add_argument("--master", type=_words, metavar="URL", default="local[2]",
                      help="Spark's master (default: local[2])")  # fmt: skip


def _run(made: argparse.ArgumentParser) -> None:
    made.add_argument("experiment", type=_path, metavar="EXPERIMENT.toml", help="its settings")
    made.add_argument("--data", type=_path, metavar="DIR", help="the source folder")
    made.add_argument(
        "--as-of", type=_date_or_auto, metavar="DATE", help="a date like 2014-07-01, or auto"
    )
    made.add_argument("--set", type=_words, action="append", default=[], metavar="table.key=value",
                      dest="assignments", help="one setting; may be repeated")  # fmt: skip
    made.add_argument("--bank", type=_words, action="append", default=[], metavar="BANK", dest="banks",
                      help="publish to this bank only; may be repeated")  # fmt: skip


def _review(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _command(actions, "list", "every registered version and its last review", _act_list)
    shown = _command(actions, "show", "a version's card, facts and reviews", _act_show)
    shown.add_argument(
        "version", type=_version, metavar="VERSION", help="its number in the registry"
    )
    for name, meaning in (
        ("approve", "the version becomes champion"),
        ("reject", "it may not be used"),
    ):
        made = _command(actions, name, meaning, _act_decide)
        made.set_defaults(decision=name)
        made.add_argument(
            "version", type=_version, metavar="VERSION", help="its number in the registry"
        )
        made.add_argument("--by", type=_words, required=True, metavar="NAME", help="who decides")
        made.add_argument("--reason", type=_words, required=True, metavar="TEXT", help="why")
        made.add_argument("--on", type=_date, default=None, metavar="DATE",
                          help="from when it counts, not after today (default: today)")  # fmt: skip
        if name == "approve":
            made.add_argument("--programme", type=_words, metavar="NAME", help=PROGRAMME)
    force = _command(actions, "in-force", "which version was in force on a day", _act_in_force)
    force.add_argument("--on", type=_date, required=True, metavar="DATE", help="like 2014-07-01")
    force.add_argument("--programme", type=_words, metavar="NAME", help=PROGRAMME)


def _bench(made: argparse.ArgumentParser) -> None:
    made.add_argument("what", metavar="WHAT", choices=["backtest", "features", "limits", "models", "scoring", "selection"],
                      help="backtest, features, limits, models, scoring or selection")  # fmt: skip
    made.add_argument(
        "--enterprises", type=_whole(1, MOST), default=2000, help="size (default: 2000)"
    )
    made.add_argument("--data", type=_folder, metavar="DIR",
                      help="models: the folder with gmsc and taiwan, each as it was fetched")  # fmt: skip
    made.add_argument(
        "--json", type=_new_file, metavar="FILE", help="also write the table for machines"
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number between the two; any other word is a usage error that names them."""

    def read(text: str) -> int:
        """The number that the text writes in plain digits."""
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{_shown(text)} is not a whole number from {least:,} to {most:,}"
            )
        return int(text)

    return read


def _version(text: str) -> str:
    return str(_whole(1, MOST)(text))


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not FIRST_DAY <= found <= LAST_DAY:
        raise argparse.ArgumentTypeError(
            f"{_shown(text)} is not a date like 2014-07-01, from {FIRST_DAY} to {LAST_DAY}"
        )
    return found


def _date_or_auto(text: str) -> str:
    return text if text == "auto" else _date(text).isoformat()


def _words(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; give a text, or leave the option out")
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"{_shown(text)} holds a character that no text may hold")
    return text


def _path(text: str) -> Path:
    """A path that the system could look up, be it there or not."""
    path = Path(_words(text))
    try:
        path.exists()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{_shown(text)}: {error.strerror}") from None
    return path


def _new_file(text: str) -> Path:
    """A path at which a file can be written: found out before the work, not after it."""
    path = _path(text)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir() or not above.is_dir():
        raise argparse.ArgumentTypeError(f"{_shown(text)}: a file cannot be written there")
    return path


def _folder(text: str) -> Path:
    path = _path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{_shown(text)} is a file, not a folder")
    return path


def _shown(text: str) -> str:
    """The word as it was given, short and on one line."""
    half = LONGEST // 2
    return repr(text if len(text) <= LONGEST else f"{text[:half]}...{text[-half:]}")


def root_folder() -> Path:
    """The project's folder: RISKMODEL_ROOT, else the nearest one upwards with notebooks and
    experiments; `UsageError` if there is none."""
    named = os.environ.get(ROOT_NAME)
    if named:
        return Path(named).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / "notebooks").is_dir() and (folder / "experiments").is_dir():
            return folder
    raise UsageError(f"no project folder here or above. Go to the checkout, or set {ROOT_NAME}.")


def _print_progress(words: str) -> None:
    print(printable(words), file=sys.stderr, flush=True)


@contextmanager
def _bar(most: int, unit: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error; what it yields hears how many are done."""
    from tqdm import tqdm

    with tqdm(total=max(most, 0), unit=f" {unit}", file=sys.stderr, mininterval=0.5) as bar:

        def show(done: int) -> None:
            """Moves the bar."""
            bar.update(done - bar.n)

        yield show


def _act_world(arguments: argparse.Namespace) -> None:
    from riskmodel.simulation import write_simulation

    with _bar(arguments.enterprises, "enterprises") as progress:
        write_simulation(
            arguments.out,
            enterprises=arguments.enterprises,
            months=arguments.months,
            seed=arguments.seed,
            scenario=arguments.scenario,
            part=arguments.part,
            threads=arguments.threads,
            progress=progress,
        )
    print(f"{arguments.out}: {arguments.enterprises:,} fictional enterprises")


def _act_import(arguments: argparse.Namespace) -> None:
    from riskmodel.sources.importers import IMPORTERS

    IMPORTERS[arguments.name](arguments.raw, arguments.out)
    print(f"{arguments.out}: {arguments.name} as a source folder")


def _act_check(arguments: argparse.Namespace) -> None:
    from riskmodel.settings import default_settings
    from riskmodel.sources.folder import held, read_folder
    from riskmodel.storage.files import write_parquet

    settings = default_settings().sources
    reading = read_folder(arguments.data, settings, progress=_print_progress)
    print(printable(reading.report.text(), keep="\n"))
    if arguments.rejects:
        for name, rows in reading.rejects.items():
            write_parquet(rows, arguments.rejects / f"{name}.parquet")
    held(reading, settings)


@contextmanager
def _each_part(arguments: argparse.Namespace) -> Iterator["Each"]:
    """Who does the work on every part: threads, or Spark."""
    if arguments.engine == "local":
        from riskmodel.features.engine import in_threads

        yield in_threads(arguments.threads)
        return
    from riskmodel.pipeline.spark import on_spark

    with on_spark(arguments.master) as each:
        yield each


def _act_features(arguments: argparse.Namespace) -> None:
    from riskmodel.pipeline.feature_files import chosen_cards, feature_settings, write_features
    from riskmodel.pipeline.feature_rows import asked_for

    asked = asked_for(arguments.dates, arguments.rows)
    cards = chosen_cards(arguments.cards) if arguments.cards else None
    settings = feature_settings(part=arguments.part, threads=arguments.threads)
    with _each_part(arguments) as each:
        files = write_features(
            arguments.data,
            arguments.out,
            asked,
            settings,
            each=each,
            cards=cards,
            progress=_print_progress,
        )
    rows = int(files.months["rows"].sum())
    print(f"{arguments.out}: {rows:,} rows, {len(files.cards)} cards, {len(files.absent)} absent")


def _act_score(arguments: argparse.Namespace) -> None:
    from riskmodel.pipeline.approved_model import texts_to_score
    from riskmodel.pipeline.score_files import score_features, score_with_reasons

    version, texts = texts_to_score(root_folder(), arguments.version, arguments.programme)
    with _each_part(arguments) as each:
        score = score_with_reasons if arguments.reasons else score_features
        rows = score(arguments.features, arguments.out, texts, each, _print_progress)
    print(f"{arguments.out}: {rows:,} rows scored by version {version}")


def _act_run(arguments: argparse.Namespace) -> None:
    from riskmodel.pipeline.experiment import Order, run_experiment
    from riskmodel.pipeline.summary import summary

    words = list(arguments.assignments)
    if arguments.data:
        # a literal TOML text: nothing in a path can end it
        words.append(f"run.data={_literal(arguments.data)}")
    if arguments.as_of:
        words.append(f"run.as_of={arguments.as_of}")
    order = Order(arguments.experiment, tuple(words), tuple(arguments.banks))
    print(printable(summary(run_experiment(order, root_folder(), _print_progress)), keep="\n"))


def _literal(path: Path) -> str:
    import json

    return json.dumps(str(path), ensure_ascii=False)


def _act_list(arguments: argparse.Namespace) -> None:
    from riskmodel.registry import review

    found = review.listing(root_folder())
    print("no version is registered yet" if found.empty else found.to_string(index=False))


def _act_show(arguments: argparse.Namespace) -> None:
    from riskmodel.registry import review

    print(printable(review.show(root_folder(), arguments.version), keep="\n"), end="")


def _act_decide(arguments: argparse.Namespace) -> None:
    from riskmodel.registry import review

    day = arguments.on or date.today()
    said = {"by": arguments.by, "reason": arguments.reason, "on": day}
    if arguments.decision == "approve":
        named = arguments.programme
        review.approve(root_folder(), arguments.version, **said, programme=named)
    else:
        review.reject(root_folder(), arguments.version, **said)
    told = f"version {arguments.version}: {arguments.decision} recorded, from {day}"
    print(told if arguments.decision == "reject" else f"{told}: not for runs as of an earlier day")


def _act_in_force(arguments: argparse.Namespace) -> None:
    from riskmodel.registry import review

    version = review.in_force(root_folder(), arguments.on, arguments.programme)
    print(f"version {version}" if version else f"no version was in force on {arguments.on}")


def _act_bench(arguments: argparse.Namespace) -> None:
    if arguments.what == "models":
        table = _models_judged(arguments.data)
    elif arguments.what == "backtest":
        table = _books_judged(arguments.enterprises)
    else:
        from riskmodel.benchmarks.commands import bench

        table = bench(arguments.what, arguments.enterprises, _print_progress)
    print(table.to_string(index=False))
    if arguments.json:
        from riskmodel.storage.files import write_text

        write_text(arguments.json, table.to_json(orient="records", indent=1) + "\n")


def _models_judged(data: Path | None) -> "pd.DataFrame":
    if data is None:
        raise UsageError("bench models: name the public data sets' folder by --data DIR.")
    from riskmodel.benchmarks.models import bench_models

    return bench_models(data, root_folder() / "experiments", _print_progress)


def _books_judged(enterprises: int) -> "pd.DataFrame":
    from riskmodel.benchmarks.commands import books_judged

    return books_judged(enterprises, root_folder() / "experiments", _print_progress)


def _act_dictionary(arguments: argparse.Namespace) -> None:
    from riskmodel.features.data_dictionary import markdown

    print(markdown(), end="")


if __name__ == "__main__":
    sys.exit(main())
