"""The columns of `attributes` as features: each its own reason, in the words that are given for it."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import pyarrow as pa
import pyarrow.types as pt

from riskmodel.errors import SettingsError
from riskmodel.features.spec import FeatureDefinition, category, latest
from riskmodel.settings import AttributeSettings
from riskmodel.sources import Source
from riskmodel.sources.partitions.sorted_source import SortedSource
from riskmodel.sources.partitions.versions import UNTIL
from riskmodel.tables.canonical import CANONICAL

TABLE = "attributes"
PREFIX = "attribute_"
FLAG, UNSTATED_UNIT = "yes or no", "as given"
"""Units of a boolean column, and of one for which nobody has stated a unit."""
MAX_LETTERS = 60
"""Letters of a column's name, or of a value of it, in a text: they come from outside."""

Kind = Literal["number", "flag", "text"]
Stated = Mapping[str, AttributeSettings]
NOTHING: Stated = MappingProxyType({})


def attribute_columns(source: Source | SortedSource) -> dict[str, Kind]:
    """The columns of `attributes` with their kind."""
    if not source.has(TABLE):
        return {}
    if isinstance(source, SortedSource):
        return attribute_kinds(source.types(TABLE))
    return attribute_kinds(source.tables[TABLE].schema)


def attribute_kinds(schema: pa.Schema) -> dict[str, Kind]:
    """The kind of each open column of a schema of `attributes`."""
    own = {*CANONICAL[TABLE].by_name, UNTIL}
    # pandas writes a frame's index beside its columns under names of its own.
    named = (f for f in schema if f.name not in own and not f.name.startswith("__index_level_"))
    return {f.name: _kind_of(f.type) for f in named}


def _kind_of(kind: pa.DataType) -> Kind:
    if pt.is_boolean(kind):
        return "flag"
    texts = (pt.is_string, pt.is_large_string, pt.is_string_view, pt.is_dictionary)
    return "text" if any(is_text(kind) for is_text in texts) else "number"


def attribute_definitions(
    columns: Mapping[str, Kind], stated: Stated = NOTHING
) -> tuple[FeatureDefinition, ...]:
    """A feature for each column, taken as it stands, with what is `stated` of it."""
    return tuple(
        _definition(name, kind, stated.get(name, AttributeSettings()))
        for name, kind in columns.items()
    )


def _definition(name: str, kind: Kind, stated: AttributeSettings) -> FeatureDefinition:
    own = short_text(name)
    return FeatureDefinition(
        f"{PREFIX}{name}",
        FLAG if kind == "flag" else stated.unit or UNSTATED_UNIT,
        stated.risk,
        TABLE,
        category(name) if kind == "text" else latest(name),
        (stated.en or own, stated.zh or stated.en or own),
        f"{PREFIX}{_unique_code(name)}",
    )


def stray_attributes(stated: Stated, columns: Mapping[str, str]) -> dict[str, str]:
    """Columns of which something is stated that does not hold, each with what is wrong."""
    absent = dict.fromkeys(set(stated) - set(columns), "is no column of the source's attributes")
    texts = {
        name: "is a text, which has no direction"
        for name, one in stated.items()
        if columns.get(name) == "text" and one.risk != "none"
    }
    return absent | texts


def refuse_stray_attributes(stated: Stated, columns: Mapping[str, str]) -> None:
    """Raise `SettingsError` with a line for each column of `stray_attributes`."""
    stray = stray_attributes(stated, columns)
    if stray:
        raise SettingsError(*(stray_fault(name, why) for name, why in sorted(stray.items())))


def stray_fault(name: str, why: str) -> str:
    """Return the fault of one column in words."""
    return f"features.attributes: '{name}' {why}. Fix the name or the direction, or leave it out."


def short_text(text: str, longest: int = MAX_LETTERS) -> str:
    """Return a text from outside on one line, without invisible letters, its middle left out if long."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    if len(line) <= longest:
        return line or "?"
    end = longest // 3
    return f"{line[: longest - end - 1]}…{line[-end:]}"


def _unique_code(name: str) -> str:
    """Return the name as a code: shortened names keep a digest of the whole, so that no two are one."""
    short = short_text(name)
    if short == name:
        return name
    return f"{short}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"
