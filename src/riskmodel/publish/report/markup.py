"""HTML in which every text is escaped: only these functions make `Html`."""

import html
from collections.abc import Iterable
from typing import NewType

import pandas as pd

Html = NewType("Html", str)


def words(value: object) -> Html:
    """A text, escaped."""
    return Html(html.escape(str(value), quote=True))


def join_html(parts: Iterable[Html]) -> Html:
    """The parts one after the other."""
    return Html("".join(parts))


def element(tag: str, *parts: Html, **attributes: object) -> Html:
    """An element with its attributes (`class_` is class, `_` in a name is a dash)."""
    return Html(f"<{tag}{_attributes(attributes)}>{join_html(parts)}</{tag}>")


def text_element(tag: str, text: object, **attributes: object) -> Html:
    """An element that holds one text."""
    return element(tag, words(text), **attributes)


def table(frame: pd.DataFrame, *, numeric: Iterable[str] = (), caption: str = "") -> Html:
    """The frame as a table: its columns' names as the head, null as an empty cell."""
    right = set(numeric)
    head = join_html(_head(str(name), str(name) in right) for name in frame)
    cells = pd.Series("", index=frame.index, dtype="object")
    for name in frame:
        mark = '<td class="number">' if str(name) in right else "<td>"
        cells = cells + mark + _escape(frame[name]) + "</td>"
    body = Html("".join("<tr>" + cells + "</tr>\n"))
    parts = [text_element("caption", caption)] if caption else []
    parts += [element("thead", element("tr", head)), element("tbody", body)]
    return element("div", element("table", *parts), class_="wide")


def _escape(column: pd.Series) -> pd.Series:
    texts = column.astype("object").where(column.notna(), "")
    return texts.map(words).astype("object")


def _head(name: str, is_number: bool) -> Html:
    return text_element("th", name, scope="col", **({"class_": "number"} if is_number else {}))


def _attributes(attributes: dict[str, object]) -> str:
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    return "".join(f' {name}="{words(value)}"' for name, value in pairs)
