"""The commands of `riskmodel` with their arguments and help texts."""

import argparse
from collections.abc import Callable

from riskmodel import __version__
from riskmodel.cli import commands
from riskmodel.cli.argument_types import (
    MAX_NUMBER,
    MAX_SEED,
    MAX_THREADS,
    day,
    day_or_auto,
    folder_path,
    new_file,
    readable_path,
    seeds,
    text_value,
    version_number,
    whole_number,
)

PROGRAMME = "as the policy names it (default: that of experiments/policy.toml)"
EXIT_CODES = (
    "exit codes: 0 done, 2 usage, 3 bad data, 4 bad settings, 5 checks failed, 6 not approved,"
    " 70 internal error"
)
BENCHMARKS = [
    "backtest",
    "features",
    "foreign",
    "limits",
    "models",
    "reject-inference",
    "scoring",
]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command.

    >>> build_parser().parse_args(["simulate", "data/demo", "--seed", "3"]).seed
    3
    """
    parser = argparse.ArgumentParser(
        prog="riskmodel",
        description="From export and bank history to each bank's limit file.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"riskmodel {__version__}")
    below = parser.add_subparsers(required=True, metavar="COMMAND")
    _simulate(_add(below, "simulate", "write a simulated economy", commands.simulate))
    _import(_add(below, "import", "import a public data set", commands.import_dataset))
    _check(_add(below, "check", "check a source folder and report", commands.check_source))
    meaning = "compute features for a whole folder"
    _features(_add(below, "features", meaning, commands.compute_features))
    _score(_add(below, "score", "score feature files with a version", commands.score_files))
    _add_run_options(
        _add(below, "run", "run an experiment: the eight notebooks", commands.run_experiment)
    )
    meaning = "approve, reject and list model versions"
    _review(_add(below, "review", meaning, None).add_subparsers(required=True, metavar="ACTION"))
    meaning = "compare with pandas, Polars, DuckDB, HiGHS"
    _bench(_add(below, "bench", meaning, commands.run_benchmark))
    meaning = "print the data dictionary as Markdown"
    _dictionary(_add(below, "dictionary", meaning, commands.print_dictionary))
    return parser


def _add(
    below: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    meaning: str,
    act: Callable[[argparse.Namespace], None] | None,
) -> argparse.ArgumentParser:
    """Add a command and return its parser."""
    parser = below.add_parser(name, help=meaning, description=meaning, epilog=EXIT_CODES)
    parser.add_argument("--debug", action="store_true", help="show the stack trace of an error")
    if act:
        parser.set_defaults(act=act)
    return parser


def _dictionary(parser: argparse.ArgumentParser) -> None:
    meaning = "features and source tables (data/README.md), the tables of a run, or the settings"
    parser.add_argument(
        "of", nargs="?", choices=("data", "run", "settings"), default="data", help=meaning
    )


def _simulate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("out", type=folder_path, metavar="OUT", help="a new or empty folder to write to")
    _number(parser, "--enterprises", 3000, "number of enterprises")
    _number(parser, "--months", 60, "months of history")
    add("--seed", type=whole_number(0, MAX_SEED), default=7, metavar="N",
        help="of all random draws: the same seed gives the same bytes (default: 7)")  # fmt: skip
    add("--scenario", type=text_value, default="base", metavar="NAME",
        help="base, drift, gaming, shock, tariff, thin or yuan, or a TOML file that overrides"
        " parameters of the base (default: base)")  # fmt: skip
    meaning = "enterprises in memory at once; does not change the result"
    _number(parser, "--partition-size", 2500, meaning)
    _threads(parser)


def _import(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", choices=["cumcm2020c", "gmsc", "taiwan"],
        help="cumcm2020c, gmsc or taiwan")  # fmt: skip
    add("raw", type=folder_path, metavar="FROM", help="the folder with the original files")
    add("out", type=folder_path, metavar="OUT", help="a new or empty folder to write to")


def _check(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("data", type=readable_path, metavar="DATA", help="a source folder")
    add("--rejects", type=folder_path, metavar="DIR", help="write the rows set aside there")


def _features(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("data", type=readable_path, metavar="DATA", help="a source folder")
    add("out", type=folder_path, metavar="OUT",
        help="where the files go; finished files of an earlier run are used again")  # fmt: skip
    add("--as-of", type=day, action="append", default=[], metavar="DATE", dest="dates",
        help="compute for all enterprises registered on that day; may be repeated")  # fmt: skip
    add("--rows", type=readable_path, metavar="FILE",
        help="instead: a Parquet file with enterprise_id and as_of")  # fmt: skip
    add("--feature", type=text_value, action="append", default=[], metavar="NAME", dest="features",
        help="compute this feature only, with its operands; may be repeated (default: all)")  # fmt: skip
    add("--partition-size", type=whole_number(1, MAX_NUMBER), metavar="N",
        help="enterprises in a partition; does not change the result (default: the settings')")  # fmt: skip
    _engine(parser)


def _score(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("features", type=folder_path, metavar="FEATURES", help="output of `riskmodel features`")
    add("out", type=folder_path, metavar="OUT", help="where the scores go")
    add("--version", type=version_number, metavar="N",
        help="of the registered model (default: the one in force today)")  # fmt: skip
    add("--programme", type=text_value, metavar="NAME", help=PROGRAMME)
    add("--reasons", action="store_true",
        help="add up to four reasons a row, and their texts in OUT/reasons.parquet")  # fmt: skip
    _engine(parser)


def _engine(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where the work is done."""
    _threads(parser)
    add = parser.add_argument
    add("--engine", choices=["local", "spark"], default="local",
        help="this machine, or Spark (pip install 'riskmodel[spark]')")  # fmt: skip
    add("--master", type=text_value, metavar="URL", default="local[2]",
        help="Spark's master (default: local[2])")  # fmt: skip


def _threads(parser: argparse.ArgumentParser) -> None:
    meaning = "number of threads; does not change the result (default: 2)"
    parser.add_argument(
        "--threads", type=whole_number(1, MAX_THREADS), default=2, metavar="N", help=meaning
    )


def _number(parser: argparse.ArgumentParser, name: str, default: int, meaning: str) -> None:
    """Add an option that takes a whole number above 0."""
    text = f"{meaning} (default: {default})"
    kind = whole_number(1, MAX_NUMBER)
    parser.add_argument(name, type=kind, default=default, metavar="N", help=text)


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("experiment", type=readable_path, metavar="EXPERIMENT.toml", help="its settings")
    add("--data", type=readable_path, metavar="DIR", help="the source folder")
    add("--as-of", type=day_or_auto, metavar="DATE", help="a date like 2014-07-01, or auto")
    add("--set", type=text_value, action="append", default=[], metavar="table.key=value",
        dest="assignments", help="change one setting; may be repeated")  # fmt: skip
    add("--bank", type=text_value, action="append", default=[], metavar="BANK", dest="banks",
        help="publish to this bank only; may be repeated")  # fmt: skip


def _review(below: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _add(below, "list", "list registered versions with their last review", commands.list_versions)
    meaning = "show a version's model card, facts and reviews"
    _version(_add(below, "show", meaning, commands.show_version))
    approve = _add(below, "approve", "make a version the champion", commands.decide_version)
    _decision(approve, "approve")
    approve.add_argument("--programme", type=text_value, metavar="NAME", help=PROGRAMME)
    _decision(_add(below, "reject", "reject a version", commands.decide_version), "reject")
    meaning = "show the version that was in force on a day"
    version_in_force = _add(below, "in-force", meaning, commands.show_version_in_force)
    version_in_force.add_argument(
        "--on", type=day, required=True, metavar="DATE", help="like 2014-07-01"
    )
    version_in_force.add_argument("--programme", type=text_value, metavar="NAME", help=PROGRAMME)


def _decision(parser: argparse.ArgumentParser, decision: str) -> None:
    parser.set_defaults(decision=decision)
    _version(parser)
    add = parser.add_argument
    add("--by", type=text_value, required=True, metavar="NAME", help="name of the reviewer")
    add("--reason", type=text_value, required=True, metavar="TEXT", help="why")
    add("--on", type=day, default=None, metavar="DATE",
        help="first day of its effect, not after today (default: today)")  # fmt: skip


def _version(parser: argparse.ArgumentParser) -> None:
    meaning = "its number in the registry"
    parser.add_argument("version", type=version_number, metavar="VERSION", help=meaning)


def _bench(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("benchmark", metavar="BENCHMARK", choices=BENCHMARKS, help=", ".join(BENCHMARKS))
    _number(parser, "--enterprises", 2000, "number of enterprises")
    add("--seeds", type=seeds, default=(), metavar="N,N",
        help="backtest, reject-inference: worlds of these seeds, instead of fresh ones")  # fmt: skip
    add("--data", type=folder_path, metavar="DIR",
        help="models: the folder with gmsc and taiwan, each as downloaded; foreign: one of source folders")  # fmt: skip
    add("--json", type=new_file, metavar="FILE", help="also write the table as JSON")
