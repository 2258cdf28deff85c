"""Plans: features that a source can give, what others lack, and the columns that are read."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from riskmodel.errors import SettingsError
from riskmodel.features import relations
from riskmodel.features.attributes import (
    attribute_columns,
    attribute_definitions,
    refuse_stray_attributes,
)
from riskmodel.features.catalogue import (
    DEFINITIONS,
    definitions_by_name,
    with_operands,
)
from riskmodel.features.spec import Expression, FeatureDefinition, Measure
from riskmodel.settings import FeaturesSettings
from riskmodel.sources import Source
from riskmodel.sources.partitions.sorted_source import SortedSource

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
    refuse_stray_attributes(settings.attributes, columns)
    definitions = (*DEFINITIONS, *attribute_definitions(columns, settings.attributes))
    unknown = sorted(set(settings.exclude) - set(definitions_by_name(definitions)))
    if unknown:
        raise SettingsError(f"features.exclude: no feature is called {unknown[0]}. Fix the name.")
    return tuple(feature for feature in definitions if feature.name not in settings.exclude)


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
