"""Reference page of all settings, from the classes and the comments of defaults.toml."""

import json
import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from riskmodel.settings.load import default_tables, default_text
from riskmodel.settings.tables import Settings, flat_values, nested_tables
from riskmodel.settings.types import Frozen

HEAD = """# Settings

An experiment's TOML overrides these defaults, and `--set table.key=value` overrides both.
This page is printed by `riskmodel dictionary settings`.
"""
COLUMNS = "| setting | type | bounds | default | reason |\n|---|---|---|---|---|"
MAX_DEFAULT = 60
"""Characters of a default that a table shows; longer ones stand in defaults.toml."""
SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
PLAIN = {int: "integer", float: "number", str: "text", bool: "true or false"}


def settings_page() -> str:
    """Return the Markdown page of every setting: name, type, bounds, default and reason."""
    return HEAD + "\n" + "\n".join(_sections("", Settings, default_reasons(), _defaults())) + "\n"


def default_reasons() -> dict[str, str]:
    """Return the comment beside each setting of defaults.toml, by dotted key."""
    found: dict[str, str] = {}
    table, above = "", ""
    for line in default_text().splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            table = header[1]
        elif setting := re.match(r"(\w+) = (.*)$", line):
            beside = re.search(r"#\s*(.*)$", re.sub(r'"[^"]*"', _blank, setting[2]))
            start = len(setting[2]) - len(beside[1]) if beside else 0
            found[f"{table}.{setting[1]}"] = setting[2][start:] if beside else above
        above = line.removeprefix("# ") if line.startswith("#") else ""
    return found


def _blank(quoted: re.Match[str]) -> str:
    """Return a quoted text without its signs of a comment, as long as it was."""
    return quoted[0].replace("#", " ")


def _defaults() -> dict[str, Any]:
    return flat_values(default_tables())


def _sections(
    inside: str, table: type[Frozen], reasons: Mapping[str, str], defaults: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the lines of a table and of those inside it."""
    nested = nested_tables(table)
    own = {info.alias or name: info for name, info in table.model_fields.items()}
    rows = [
        _row(f"{inside}{key}", info, reasons, defaults)
        for key, info in own.items()
        if key not in nested
    ]
    if inside:
        yield f"## [{inside.removesuffix('.')}]\n\n{' '.join((table.__doc__ or '').split())}\n"
    if rows:
        yield "\n".join([COLUMNS, *rows]) + "\n"
    for key, kind in nested.items():
        yield from _sections(f"{inside}{key}.", kind, reasons, defaults)


def _row(key: str, info: FieldInfo, reasons: Mapping[str, str], defaults: Mapping[str, Any]) -> str:
    kind, bounds = _type_and_bounds(info.annotation, list(info.metadata))
    default = json.dumps(defaults[key], ensure_ascii=False, default=str)
    shown = default if len(default) <= MAX_DEFAULT else f"{default[: MAX_DEFAULT - 3]}..."
    cells = (f"`{key.rpartition('.')[2]}`", kind, bounds, f"`{shown}`", reasons.get(key, ""))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type_and_bounds(annotation: Any, metadata: list[Any]) -> tuple[str, str]:
    """Return a type in plain words, and the bounds of its numbers."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _type_and_bounds(inner, [*metadata, *more])
    bounds = ", ".join(_bounds(metadata))
    if get_origin(annotation) is Literal:
        return " or ".join(f'"{word}"' for word in get_args(annotation)), bounds
    if get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [_type_and_bounds(part, []) for part in get_args(annotation)]
        all_bounds = [bounds, *(part[1] for part in parts)]
        return " or ".join(part[0] for part in parts), ", ".join(filter(None, all_bounds))
    if get_origin(annotation) is tuple:
        kind, within = _type_and_bounds(get_args(annotation)[0], [])
        return f"list of {kind}", ", ".join(filter(None, (bounds, within)))
    if args := get_args(annotation):
        kind, within = _type_and_bounds(args[-1], [])
        return f"{kind}, by name", within
    return PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation))), bounds


def _bounds(metadata: list[Any]) -> Iterator[str]:
    for one in metadata:
        if isinstance(one, FieldInfo):
            yield from _bounds(list(one.metadata))
            continue
        for name, sign in SIGNS.items():
            if (value := getattr(one, name, None)) is not None:
                yield f"{sign} {value:,}" if isinstance(value, int) else f"{sign} {value}"
        if pattern := getattr(one, "pattern", None):
            yield f"matches `{pattern}`"
