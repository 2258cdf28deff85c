"""Notebooks run by papermill with typed, checked parameters, and turned into offline HTML."""

import ast
import builtins
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from riskmodel import errors
from riskmodel.errors import (
    REMEDIES,
    UNKNOWN,
    MachineError,
    RiskModelError,
    SettingsError,
    machine_error,
)
from riskmodel.runs.reproducible_notebooks import make_reproducible
from riskmodel.storage.files import write_text

Plain = str | int | float | bool
TYPES: Mapping[str, type[Plain]] = {"str": str, "int": int, "float": float, "bool": bool}
HIDDEN_TAGS = frozenset({"parameters", "injected-parameters", "hidden"})
LONGEST_MESSAGE = 500


class Parameter(NamedTuple):
    """One parameter of a notebook; without a default (None) it must be given."""

    kind: type[Plain]
    default: Plain | None


def read_parameters(notebook: Path) -> dict[str, Parameter]:
    """The annotated assignments of the cell tagged `parameters`: `as_of: str = "2014-07-01"`.

    Nothing is run: the cell is parsed. Raises `SettingsError` where the notebook is not readable,
    has not exactly one such cell, or that cell holds anything but typed plain values.
    """
    cells = [cell for cell in _read_notebook(notebook).cells if "parameters" in _tags(cell)]
    if len(cells) != 1:
        raise SettingsError(
            f"{notebook.name}: {len(cells)} cells are tagged 'parameters', not 1. Tag one cell."
        )
    try:
        lines = ast.parse(cells[0].source).body
    except SyntaxError as error:
        raise SettingsError(
            f"{notebook.name}: the parameters cell is not Python (line {error.lineno})."
        ) from None
    return dict(_parameter(line, notebook.name) for line in lines)


def check_parameters(notebook: Path, given: Mapping[str, object]) -> dict[str, Plain]:
    """`given`, if each is known and of its type and none is missing; whole numbers may be floats.

    Raises `SettingsError` naming the parameter, before any kernel starts.
    """
    declared = read_parameters(notebook)
    for name in given:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1, cutoff=0.0)
            known = f" The nearest known one is '{near[0]}'." if near else " It has none."
            raise SettingsError(f"{notebook.name}: unknown parameter '{name}'.{known}")
    missing = [name for name, known in declared.items() if known.default is None]
    missing = [name for name in missing if name not in given]
    if missing:
        raise SettingsError(
            f"{notebook.name}: {len(missing)} parameters missing: {', '.join(missing)}. Give them."
        )
    return {
        name: _check_type(value, declared[name].kind, f"{notebook.name}: parameter '{name}'")
        for name, value in given.items()
    }


def execute(notebook: Path, out: Path, parameters: Mapping[str, object]) -> None:
    """The notebook run from its own folder by this interpreter, written to `out` whole.

    Equal runs give equal bytes. A notebook that fails is kept beside `out` as
    `<stem>.failed.ipynb`. An error of ours raised inside comes through with its class; one of the
    system's becomes a `MachineError`, any other a `RiskModelError` that names notebook, cell, class
    and message. So does a notebook that ended before its last cell.
    """
    values = check_parameters(notebook, parameters)
    out.parent.mkdir(parents=True, exist_ok=True)
    failed = out.with_name(f"{out.stem}.failed.ipynb").resolve()
    # papermill saves after every cell, so `out` itself appears only when all of them ran
    _execute_in_kernel(notebook, failed, values)
    executed = _read_notebook(failed)
    _refuse_unfinished(executed, notebook.name)
    write_text(out, _as_text(make_reproducible(executed)))
    failed.unlink()


def to_html(executed: Path, out: Path) -> None:
    """The executed notebook as one page: no code, no warnings, no outside address."""
    from nbconvert import HTMLExporter

    notebook = _read_notebook(executed)
    notebook.cells = [_without_warnings(cell) for cell in notebook.cells if _is_shown(cell)]
    exporter = HTMLExporter(
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
        mathjax_url="",
        require_js_url="",
        mermaid_js_url="",
        mermaid_layout_elk_js_url="",
        jquery_url="",
        jupyter_widgets_base_url="",
    )
    exporter.register_filter("markdown2html", _prose)
    resources = {"metadata": {"name": _title(notebook, executed.stem)}}
    page, _ = exporter.from_notebook_node(notebook, resources)
    write_text(out, _without_scripts(page))


def _prose(markdown: str) -> str:
    """Markdown as HTML in which a tag is text: prose may name columns, and these any characters."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(
        escape=True, allow_harmful_protocols=False, exclude_anchor_links=True
    )
    return str(MarkdownWithMath(renderer=renderer).render(markdown))


def _read_notebook(notebook: Path) -> Any:
    import nbformat

    try:
        found = nbformat.read(notebook, as_version=4)
        nbformat.validate(found)
        return found
    except (
        OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError,
        nbformat.ValidationError,
    ) as error:  # fmt: skip
        raise SettingsError(
            f"{notebook}: not readable as a notebook ({type(error).__name__})."
        ) from None


def _as_text(notebook: Any) -> str:
    import nbformat

    return str(nbformat.writes(notebook)) + "\n"


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _parameter(line: ast.stmt, where: str) -> tuple[str, Parameter]:
    match line:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id=kind), value=value):
            if kind not in TYPES:
                raise SettingsError(f"{where}: parameter '{name}': {kind} is not a plain type.")
            if value is None:
                return name, Parameter(TYPES[kind], None)
            default = _check_type(_literal(value), TYPES[kind], f"{where}: default of '{name}'")
            return name, Parameter(TYPES[kind], default)
    raise SettingsError(
        f"{where}: line {line.lineno} of the parameters cell is not of the form "
        "name: type = value, with str, int, float or bool. Write it so."
    )


def _literal(value: ast.expr) -> object:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return None  # an expression has no plain type: the caller refuses it


def _check_type(value: object, kind: type[Plain], where: str) -> Plain:
    """The value, if it is of that very type: numpy's and subclasses' reach a kernel wrong."""
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise SettingsError(
            f"{where}: must be {kind.__name__}, not {type(value).__name__}. Give a plain value."
        )
    return value


def _execute_in_kernel(notebook: Path, out: Path, values: Mapping[str, Plain]) -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from riskmodel.runs.kernel import ThisInterpreter

    try:
        papermill.execute_notebook(
            _read_notebook(notebook),
            # papermill fills braces in paths with parameters
            str(out).replace("{", "{{").replace("}", "}}"),
            parameters=dict(values),
            kernel_name="python3",
            language="python",
            kernel_manager_class=ThisInterpreter,
            progress_bar=False,
            cwd=str(notebook.resolve().parent),
        )
    except papermill.PapermillExecutionError as error:
        raise _as_own_error(error, notebook.name) from None
    except OSError as error:  # of papermill's own: it does not always say of which file
        raise machine_error(error, None if error.filename else out) from error
    except (DeadKernelError, CellTimeoutError) as error:
        raise MachineError(
            f"{notebook.name}: its kernel ended ({type(error).__name__}); too little memory, or "
            f"killed. See {out.name}, then run again."
        ) from None


def _as_own_error(error: Any, notebook: str) -> RiskModelError:
    """A papermill error as one of ours, its class kept where it was one of ours inside."""
    message = " ".join(str(error.evalue).split())[:LONGEST_MESSAGE]
    where = f"{notebook}, cell {error.exec_count}"
    kind = getattr(errors, str(error.ename), None)
    if isinstance(kind, type) and issubclass(kind, RiskModelError):
        return kind(f"{message} ({where})")
    system = getattr(builtins, str(error.ename), None)
    if isinstance(system, type) and issubclass(system, OSError | MemoryError | UnicodeDecodeError):
        number = re.match(r"\[Errno (\d+)\]", message)
        remedy = REMEDIES.get(int(number[1]) if number else 0, UNKNOWN)
        return MachineError(f"{message or error.ename}. {remedy} ({where})")
    return RiskModelError(f"{where}: {error.ename}: {message}")


def _refuse_unfinished(notebook: Any, name: str) -> None:
    """`sys.exit(0)` halfway looks like success: every code cell must have run, in order."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.execution_count for cell in cells]
    if counts != list(range(1, len(cells) + 1)):
        done = sum(count is not None for count in counts)
        raise RiskModelError(
            f"{name}: {done} of {len(cells)} code cells ran, or not in order. Let all of them run."
        )


def _is_shown(cell: Any) -> bool:
    return HIDDEN_TAGS.isdisjoint(_tags(cell))


def _without_warnings(cell: Any) -> Any:
    if cell.cell_type != "code":
        return cell
    kept = [output for output in cell.outputs if output.get("name") != "stderr"]
    return type(cell)({**cell, "outputs": kept})


def _without_scripts(page: str) -> str:
    """No script stays (MathJax, mermaid: both would be fetched), and no comment in the style."""
    plain = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL | re.IGNORECASE)
    return re.sub(
        r"<style\b.*?</style>",
        lambda style: re.sub(r"/\*.*?\*/", "", style.group(), flags=re.DOTALL),
        plain,
        flags=re.DOTALL,
    )


def _title(notebook: Any, otherwise: str) -> str:
    lines = (
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
    )
    return next((line[2:].strip() for line in lines if line.startswith("# ")), otherwise)
