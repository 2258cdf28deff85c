"""Plans: features that a source can give, what others lack, and the columns that are read."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as pt

from riskmodel.errors import SettingsError
from riskmodel.features import relations
from riskmodel.features.catalogue import (
    DEFINITIONS,
    attribute_definitions,
    definitions_by_name,
    with_operands,
)
from riskmodel.features.spec import Expression, FeatureDefinition, Measure
from riskmodel.settings import FeaturesSettings
from riskmodel.sources import Source
from riskmodel.sources.partitions.sorted_source import SortedSource
from riskmodel.sources.partitions.versions import UNTIL
from riskmodel.tables.canonical import CANONICAL

Columns = Callable[[str], Collection[str]]


@dataclass(frozen=True)
class Plan:
    """The features that can be computed, parts before expressions; what the others lack.

    `needs` are the columns of each canonical table that the features read.
    """

    definitions: tuple[FeatureDefinition, ...]
    absent: Mapping[str, str]
    needs: Mapping[str, frozenset[str]]

    @property
    def reads_market(self) -> bool:
        """Return true where a feature reads market statistics."""
        return any(c.table == "market" for c in self.definitions if isinstance(c.value, Measure))


def available(
    source: Source | SortedSource, settings: FeaturesSettings
) -> tuple[FeatureDefinition, ...]:
    """Every feature that a run may use: the registry's and one for each attribute."""
    columns = attribute_columns(source)
    _refuse_unknown_attributes(settings.attribute_risk, columns)
    definitions = (*DEFINITIONS, *attribute_definitions(columns, settings.attribute_risk))
    unknown = sorted(set(settings.exclude) - set(definitions_by_name(definitions)))
    if unknown:
        raise SettingsError(f"features.exclude: no feature is called {unknown[0]}. Fix the name.")
    return tuple(feature for feature in definitions if feature.name not in settings.exclude)


def _refuse_unknown_attributes(risk: Mapping[str, str], columns: Mapping[str, str]) -> None:
    """Raise `SettingsError` where a direction is stated for what has none, or is not there."""
    stray = sorted(name for name in risk if columns.get(name, "text") == "text")
    if stray:
        raise SettingsError(
            f"features.attribute_risk: {len(stray)} of {len(risk)} names are no number or flag of"
            f" attributes (first: {stray[0]}). Fix the name, or leave it out."
        )


def make_plan(wanted: Sequence[FeatureDefinition], source: SortedSource) -> Plan:
    """The plan for these features on a source."""

    def columns(table: str) -> Collection[str]:
        return source.columns(table) if source.has(table) else ()

    definitions = with_operands(
        wanted, definitions_by_name(DEFINITIONS) | definitions_by_name(wanted)
    )
    known = definitions_by_name(definitions)
    lacking = {feature.name: _missing_input(feature, columns, known) for feature in definitions}
    able = tuple(feature for feature in definitions if not lacking[feature.name])
    absent = {name: needs for name, needs in lacking.items() if needs}
    return Plan(able, absent, _needs(able, columns))


def attribute_columns(source: Source | SortedSource) -> dict[str, str]:
    """The columns of `attributes` with their kind: number, flag or text."""
    if not source.has("attributes"):
        return {}
    schema = (
        source.types("attributes")
        if isinstance(source, SortedSource)
        else source.tables["attributes"].schema
    )
    return attribute_kinds(schema)


def attribute_kinds(schema: pa.Schema) -> dict[str, str]:
    """The kind of each open column of a schema of `attributes`: number, flag or text."""
    own = {*CANONICAL["attributes"].by_name, UNTIL}
    # pandas writes a frame's index beside its columns under names of its own.
    named = (f for f in schema if f.name not in own and not f.name.startswith("__index_level_"))
    return {f.name: _attribute_kind(f.type) for f in named}


def _attribute_kind(kind: pa.DataType) -> str:
    if pt.is_boolean(kind):
        return "flag"
    texts = (pt.is_string, pt.is_large_string, pt.is_string_view, pt.is_dictionary)
    return "text" if any(is_text(kind) for is_text in texts) else "number"


def _missing_input(
    feature: FeatureDefinition, columns: Columns, known: Mapping[str, FeatureDefinition]
) -> str:
    """Return what the source lacks for this feature; empty if it has it all."""
    if isinstance(feature.value, Expression):
        parts = (_missing_input(known[part], columns, known) for part in feature.value.operands)
        return next((lack for lack in parts if lack), "")
    if feature.value.kind == "exchange_rate":
        return ""
    return _missing(feature.table, feature.value.required_columns, columns)


def _needs(definitions: Iterable[FeatureDefinition], columns: Columns) -> dict[str, frozenset[str]]:
    """The columns that the features read, and those that relations read where they are there."""
    needs: dict[str, frozenset[str]] = defaultdict(frozenset)
    for feature in definitions:
        if not isinstance(feature.value, Measure) or feature.value.kind == "exchange_rate":
            continue
        for table, names in _columns_of(feature.table, feature.value, columns).items():
            needs[table] |= names
    return dict(needs)


def _columns_of(name: str, measure: Measure, columns: Columns) -> dict[str, frozenset[str]]:
    """The columns that a measure on one table or relation reads, of those that are there."""
    adds = relations.added_columns(name)
    base = relations.base_table(name).name
    found = _columns_of_table(name, measure.required_columns, columns)
    found[base] = found[base] | ((measure.columns - adds) & set(columns(base)))
    return found


def _columns_of_table(
    name: str, wanted: frozenset[str], columns: Columns
) -> dict[str, frozenset[str]]:
    """The columns that are needed, and those that are only taken where they are there."""
    found = dict(relations.required_columns(name, wanted))
    if name == "line_months":
        found.pop("lines")  # the sorted source has put there what the lines say
    for table, names in relations.optional_columns(name).items():
        if columns(table):
            found[table] = found.get(table, frozenset()) | (names & set(columns(table)))
    other = relations.optional_relation(name)
    if other and not _missing(other, frozenset(), columns):
        for table, names in _columns_of_table(other, frozenset(), columns).items():
            found[table] = found.get(table, frozenset()) | names
    return found


def _missing(name: str, wanted: frozenset[str], columns: Columns) -> str:
    """The first table or column that is not there; empty if all are."""
    for table, names in relations.required_columns(name, wanted).items():
        there = columns(table)
        if not there:
            return table
        lacking = sorted(names - set(there))
        if lacking:
            return f"{table}.{lacking[0]}"
    return ""
