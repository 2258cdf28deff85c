"""The economy's parameters read from TOML: the base, and the scenarios that override it."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

from riskmodel.errors import SettingsError
from riskmodel.simulation.parameters import Parameters

BASE = "base"
_TABLES = get_type_hints(Parameters)


def scenario_names() -> list[str]:
    """The named scenarios, the base first."""
    found = files("riskmodel.simulation").joinpath("scenarios").iterdir()
    return [BASE, *sorted(f.name.removesuffix(".toml") for f in found if f.name.endswith(".toml"))]


def load_parameters(scenario: str = BASE) -> Parameters:
    """Load the base economy of `parameters.toml`, with what the scenario overrides: the name of one of
    `scenario_names`, or the path of a TOML file of one's own.

    `SettingsError` for a scenario that is not there, or that names what the base does not.
    """
    here = files("riskmodel.simulation")
    base = tomllib.loads(here.joinpath("parameters.toml").read_text(encoding="utf-8"))
    if scenario == BASE:
        return parse_parameters(base)
    return parse_parameters(_override(base, _read_scenario(scenario)))


def _read_scenario(scenario: str) -> Mapping[str, Mapping[str, Any]]:
    """Read the parameters that a scenario overrides, by table."""
    own = Path(scenario)
    if own.suffix == ".toml":
        try:
            return tomllib.loads(own.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise SettingsError(f"simulate: {own.name} cannot be read as TOML: {error}") from error
    if scenario not in scenario_names():
        known = ", ".join(scenario_names())
        raise SettingsError(
            f"simulate: unknown scenario '{scenario}'; give a .toml file, or one of {known}."
        )
    found = files("riskmodel.simulation").joinpath("scenarios", f"{scenario}.toml")
    return tomllib.loads(found.read_text(encoding="utf-8"))


def parse_parameters(parts: Mapping[str, Mapping[str, Any]]) -> Parameters:
    """Parse parameters from tables of plain values, each in the type that its name declares.

    `SettingsError` for a table or a name that is unknown or missing.
    """
    _check_names("simulate", parts, _TABLES)
    return Parameters(
        **{part: _parse_table(part, kind, parts[part]) for part, kind in _TABLES.items()}
    )


def as_tables(parameters: Parameters) -> dict[str, dict[str, Any]]:
    """Return the parameters as tables of plain values, as `parse_parameters` takes them."""
    return {
        part: {k: list(v) if isinstance(v, tuple) else v for k, v in values._asdict().items()}
        for part, values in parameters._asdict().items()
    }


def _parse_table(part: str, kind: Any, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    _check_names(f"simulate: {part}", values, hints)
    return kind(
        **{name: _to_type(values[name], hint, f"{part}.{name}") for name, hint in hints.items()}
    )


def _to_type(value: Any, hint: Any, where: str) -> Any:
    """The value in its declared type; `SettingsError` that names the parameter if it is of none."""
    try:
        if hint in (int, float):
            return hint(value)
        return tuple(float(one) for one in value)
    except (TypeError, ValueError, OverflowError):
        kind = hint.__name__ if hint in (int, float) else "a list of numbers"
        raise SettingsError(f"simulate: {where}: not of the kind {kind}. Fix the value.") from None


def _override(
    base: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    merged = {part: dict(values) for part, values in base.items()}
    _refuse_unknown("simulate", changes, base)
    for part, values in changes.items():
        if not isinstance(values, Mapping):
            raise SettingsError(
                f"simulate: {part} must be a table. Write [{part}] and its parameters."
            )
        _refuse_unknown(f"simulate: {part}", values, merged.get(part, {}))
        merged[part] |= values
    return merged


def _refuse_unknown(where: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in given:
        if name not in known:
            raise SettingsError(
                f"{where}: unknown parameter {name}; parameters.toml names them all."
            )


def _check_names(where: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    _refuse_unknown(where, given, known)
    missing = [name for name in known if name not in given]
    if missing:
        raise SettingsError(f"{where}: {len(missing)} parameters missing (first: {missing[0]}).")
