"""Tables of a run's folder as Markdown."""

from collections.abc import Iterator

from riskmodel.tables.run import (
    datasets,
    explain,
    features,
    limits,
    model,
    publish,
    sources,
    validate,
)
from riskmodel.tables.run.declaration import RunTable

STAGES = (sources, features, datasets, model, explain, validate, limits, publish)
RUN_TABLES: tuple[RunTable, ...] = tuple(one for stage in STAGES for one in stage.TABLES.values())


def run_dictionary() -> str:
    """Return every declared table of a run's folder: its file, its rows, its columns."""
    head = "# Tables of a run's folder\n\nParquet files below `experiments/runs/<run>/`.\n"
    return head + "".join("\n".join(_lines(one)) for one in RUN_TABLES)


def _lines(declared: RunTable) -> Iterator[str]:
    yield f"\n## `{declared.file}`\n"
    yield f"A row is {declared.row}. Key: {', '.join(declared.key) or 'none'}.\n"
    yield "| column | type | unit | meaning |\n|---|---|---|---|"
    for one in declared.columns:
        kind = one.kind + (", may be missing" if one.nullable else "")
        yield f"| `{one.name}` | {kind} | {one.unit} | {one.meaning} |"
    if declared.family:
        yield f"\nFurther columns: {declared.family}."
    yield ""
