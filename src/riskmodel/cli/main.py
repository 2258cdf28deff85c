"""The entry point of `riskmodel`: parse the words, run the command, return an exit code."""

import argparse
import sys
from collections.abc import Sequence

from riskmodel.cli.parser import build_parser
from riskmodel.errors import ChecksFailed, RiskModelError, as_machine_error

RETIRED_COMMANDS = {"world": "simulate"}
RETIRED_OPTIONS = {
    ("simulate", "--part"): "--partition-size",
    ("features", "--part"): "--partition-size",
    ("features", "--card"): "--feature",
}
RETIRED_BENCHMARKS = {"selection": "reject-inference"}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; an error is one line unless `--debug`."""
    parser = build_parser()
    given = sys.argv[1:] if words is None else list(words)
    refuse_retired(parser, given)
    arguments = parser.parse_args(given)
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
        return _report_unexpected_error(error)
    return 0


def refuse_retired(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Exit with a usage error that gives the new name of a retired command or option.

    >>> refuse_retired(build_parser(), ["simulate", "data/demo"])
    """
    command = words[0] if words else ""
    if new := RETIRED_COMMANDS.get(command):
        parser.error(f"{command} is now called {new}")
    if command == "bench" and (new := RETIRED_BENCHMARKS.get("".join(words[1:2]))):
        parser.error(f"bench: {words[1]} is now called {new}")
    for word in words[1:]:
        name = word.partition("=")[0]
        if new := RETIRED_OPTIONS.get((command, name)):
            parser.error(f"{command}: {name} is now called {new}")


def _report_unexpected_error(error: Exception) -> int:
    """Print the error as the machine's or as an internal one, and return its exit code."""
    if fault := as_machine_error(error):
        print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
        return fault.exit_code
    kind = type(error).__name__
    print(f"internal error: {kind}. Run again with --debug and report it.", file=sys.stderr)
    return RiskModelError.exit_code


if __name__ == "__main__":
    sys.exit(main())
