"""Settings of an experiment: defaults, then its TOML, then the words of `--set`."""

import copy
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from riskmodel.errors import SettingsError
from riskmodel.settings.check import NOTHING, suggest_nearest, validate_settings
from riskmodel.settings.retired import SETTINGS as RENAMED
from riskmodel.settings.tables import Settings, all_keys, nested_tables
from riskmodel.settings.toml import freeze_lists, parse_value, read_toml
from riskmodel.settings.types import Frozen


def load_settings(path: Path, assignments: Sequence[str] = ()) -> Settings:
    """Return an experiment's settings: defaults, then its TOML, then `table.key=value` words.

    Raises one `SettingsError` with every fault: a file that is not there or not TOML, unknown
    tables and keys (naming the new or the nearest known one), values of the wrong type.
    """
    layers = read_layers(path, assignments)
    try:
        settings = _validate(layers.tables, path.name, layers.origins)
    except SettingsError as error:
        raise SettingsError(*layers.faults, *error.faults) from None
    if layers.faults:
        raise SettingsError(*layers.faults)
    return settings


@dataclass(frozen=True)
class Layers:
    """The defaults with what overrides them, unchecked.

    `origins` names the place where each overridden dotted key was given, `faults` what could not
    be taken.
    """

    tables: dict[str, dict[str, Any]]
    origins: dict[str, str]
    faults: list[str]


def read_layers(path: Path, assignments: Sequence[str] = ()) -> Layers:
    """Read defaults, the experiment's TOML and `table.key=value` words, laid over one another."""
    layers = Layers(default_tables(), {}, [])
    _lay(layers, lambda: {"run": {"name": path.stem}}, path.name)
    _lay(layers, lambda: read_toml(path), path.name)
    for words in assignments:
        _lay(layers, partial(_parse_assignment, words), f"--set {words}")
    return layers


def sound_settings(layers: Layers) -> Settings:
    """Return settings with every value that can be taken, and defaults in place of the others."""
    plain = default_tables()
    for key in layers.origins:
        changed = copy.deepcopy(plain)
        _set_value(changed, key.split("."), _at(layers.tables, key.split(".")))
        try:
            _validate(changed, key)
        except SettingsError:  # told by `load_settings`
            continue
        plain = changed
    return _validate(plain, "defaults")


def default_settings() -> Settings:
    """Return the defaults alone."""
    return _validate(default_tables(), "defaults")


def resolved_settings(tables: Mapping[str, Any], where: str) -> Settings:
    """Return settings from tables that are whole already, as a run folder keeps them."""
    return _validate(tables, where)


def default_text() -> str:
    """Return the text of defaults.toml: each value once, with its reason."""
    return resources.files(__package__).joinpath("defaults.toml").read_text("utf-8")


def default_tables() -> dict[str, Any]:
    """Return the defaults as plain values."""
    return tomllib.loads(default_text())


def _lay(layers: Layers, read: Callable[[], Mapping[str, Any]], where: str) -> None:
    """Lay what `read` gives over what is there; what cannot be taken joins the faults."""
    try:
        given = read()
    except SettingsError as error:
        layers.faults.extend(error.faults)
        return
    _lay_table(layers, given, Table((), Settings, layers.tables), where)


@dataclass(frozen=True)
class Table:
    """A table of the layers: the keys that lead to it, its class, and its values."""

    path: tuple[str, ...]
    kind: type[Frozen]
    values: dict[str, Any]

    def key(self, name: str) -> str:
        """Return the dotted key of a name in the table."""
        return ".".join((*self.path, name))


def _lay_table(layers: Layers, given: Mapping[str, Any], table: Table, where: str) -> None:
    nested = nested_tables(table.kind)
    for name, value in given.items():
        key = table.key(name)
        if name in nested and isinstance(value, Mapping):
            inner = Table((*table.path, name), nested[name], table.values[name])
            _lay_table(layers, value, inner, where)
        elif name in nested:
            now = f" Its value is now {RENAMED[key]}." if key in RENAMED else ""
            layers.faults.append(f"{where}: {key} must be a table.{now or _write_table(key)}")
        elif name in table.values:
            table.values[name] = value
            layers.origins[key] = where
        else:
            layers.faults.append(f"{where}: {_unknown_key_fault(table, name, value, nested)}")


def _write_table(key: str) -> str:
    return f" Write [{key}] and its keys."


def _unknown_key_fault(table: Table, name: str, value: Any, nested: Mapping[str, Any]) -> str:
    """Return the fault of an unknown table or key, with its new or the nearest known name."""
    key = table.key(name)
    if key in RENAMED:
        return f"unknown key {key}. It is now {RENAMED[key]}."
    if isinstance(value, Mapping) and nested:
        return f"unknown table [{key}]. {suggest_nearest(name, nested)}"
    inside = ".".join(table.path[:1])
    elsewhere = [
        one for one in all_keys() if one.split(".")[0] == inside and one.split(".")[-1] == name
    ]
    if len(elsewhere) == 1:
        return f"unknown key {key}. The nearest known one is '{elsewhere[0]}'."
    return f"unknown {'key' if table.path else 'table'} {key if table.path else f'[{key}]'}. {suggest_nearest(name, table.values)}"


def _parse_assignment(words: str) -> dict[str, Any]:
    """Return the nested tables that `table.key=value` words give."""
    name, equals, value = words.partition("=")
    parts = [part.strip() for part in name.split(".")]
    if not equals or len(parts) < 2 or not all(parts):
        raise SettingsError(f"--set {words}: not of the form table.key=value.")
    _refuse_parts_of_a_value(parts, words)
    given: Any = parse_value(value.strip())
    for part in reversed(parts):
        given = {part: given}
    return dict(given)


def _refuse_parts_of_a_value(parts: Sequence[str], words: str) -> None:
    """Raise `SettingsError` where a key leads into a single setting, such as a mapping."""
    known = set(all_keys())
    for length in range(2, len(parts)):
        if (key := ".".join(parts[:length])) in known:
            raise SettingsError(
                f"--set {words}: unknown key {'.'.join(parts)}. Give {key} as a whole."
            )


def _at(tables: Mapping[str, Any], parts: Sequence[str]) -> Any:
    for part in parts:
        tables = tables[part]
    return tables


def _set_value(tables: dict[str, Any], parts: Sequence[str], value: Any) -> None:
    for part in parts[:-1]:
        tables = tables[part]
    tables[parts[-1]] = value


def _validate(
    tables: Mapping[str, Any], where: str, origins: Mapping[str, str] = NOTHING
) -> Settings:
    return validate_settings(Settings, freeze_lists(tables), where, origins, RENAMED)
