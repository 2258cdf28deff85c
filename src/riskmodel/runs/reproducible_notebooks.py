"""Executed notebooks without what differs from one run to the next though nothing else does.

The clock (when each cell began and ended), the random names that pandas gives to styled tables, the
random id of the cell with the parameters, the pieces in which text was printed, and places in memory. What the cells show is left as it is.
"""

import re
from collections.abc import Sequence
from typing import Any

TIMED = ("papermill", "execution")
STYLED = re.compile(r'<table id="T_([0-9a-f]{5,36})"')
PLACE = re.compile(r" at 0x[0-9a-f]+>")


def make_reproducible(notebook: Any) -> Any:
    """The executed notebook, so that equal runs give equal bytes."""
    cells = [_cell(cell, number) for number, cell in enumerate(notebook.cells)]
    metadata = {name: value for name, value in notebook.metadata.items() if name not in TIMED}
    return type(notebook)({**notebook, "cells": cells, "metadata": metadata})


def _cell(cell: Any, number: int) -> Any:
    metadata = {name: value for name, value in cell.metadata.items() if name not in TIMED}
    plain = {**cell, "metadata": metadata}
    if "injected-parameters" in metadata.get("tags", []):
        plain["id"] = "parameters"
    if cell.cell_type == "code":
        plain["outputs"] = [
            _output(one, f"{number}x{place}")
            for place, one in enumerate(_join_printed(cell.outputs))
        ]
    return type(cell)(plain)


def _join_printed(outputs: Sequence[Any]) -> list[Any]:
    """Outputs with printed text in one piece, however the kernel happened to send it."""
    found: list[Any] = []
    for one in outputs:
        last = found[-1] if found else {}
        if one.output_type == "stream" and last.get("name") == one.name:
            found[-1] = type(one)({**last, "text": last["text"] + one.text})
        else:
            found.append(one)
    return found


def _output(output: Any, name: str) -> Any:
    """The output with styled tables named after the cell, and without places in memory."""
    if "data" not in output:
        return output
    data = {kind: _without_places(kind, shown) for kind, shown in output.data.items()}
    page = data.get("text/html")
    if isinstance(page, str):
        for place, random in enumerate(dict.fromkeys(STYLED.findall(page))):
            page = re.sub(rf"\bT_{random}(?![0-9a-f])", f"T_{name}x{place}", page)
        data["text/html"] = page
    return type(output)({**output, "data": data})


def _without_places(kind: str, shown: Any) -> Any:
    return PLACE.sub(">", shown) if kind == "text/plain" and isinstance(shown, str) else shown
