"""Plain values as settings classes, and each breach as one line: where, what, what to do."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from riskmodel.errors import SettingsError
from riskmodel.settings.retired import VALUES, Renamed

Model = TypeVar("Model", bound=BaseModel)
NOTHING: Mapping[str, str] = MappingProxyType({})


def validate_settings(
    kind: type[Model],
    values: Mapping[str, Any],
    where: str,
    origins: Mapping[str, str] = NOTHING,
    renamed: Renamed = NOTHING,
) -> Model:
    """Return `values` as a settings class; raise `SettingsError` with one line a breach.

    `origins` names the place where a dotted key was given, if elsewhere than in `where`; `renamed`
    the new keys by old ones.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        breaches = _own_errors(error.errors(), renamed)
    found: dict[str, list[tuple[str, str]]] = {}
    for one in breaches:
        key = _key_of(one["loc"], values)
        place = f"{_origin(key, origins, where)}: {_with_name(key, values)}"
        found.setdefault(place, []).append(_words_and_remedy(one, key, values, renamed))
    raise SettingsError(
        *(
            f"{place}: {'; or '.join(words for words, _ in breach)}. {breach[-1][1]}."
            for place, breach in found.items()
        )
    )


def suggest_nearest(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the known word nearest to `word`; empty if none is known."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.0)
    return f"The nearest known one is '{near[0]}'." if near else ""


def plain_key(parts: Iterable[int | str]) -> str:
    """Return a dotted key without the numbers of rows in lists, as names are renamed by."""
    return ".".join(str(part) for part in parts if not str(part).isdigit())


def _words_and_remedy(
    one: Any, key: str, values: Mapping[str, Any], renamed: Renamed
) -> tuple[str, str]:
    """Return what is wrong with a value or a key, and what to do about it."""
    if one["type"] == "missing":
        return "Field required", "Add it"
    if one["type"] == "extra_forbidden":
        new = renamed.get(plain_key(one["loc"]))
        if new:
            return "no such key", f"It is now {new}"
        return "no such key", "Correct its name, or take it out"
    words = str(one["msg"]).removeprefix("Value error, ")
    new = VALUES.get(plain_key(key.split(".")), {}).get(str(one.get("input")))
    return words, f"'{one['input']}' is now '{new}'" if new else "Fix the value"


def _own_errors(errors: Sequence[Any], renamed: Renamed) -> list[Any]:
    """Return the errors without those that only follow from others.

    A list is short of its faulty items; a key is missing that is given by its old name.
    """
    places = [one["loc"] for one in errors]
    given = {
        (*one["loc"][:-1], renamed[plain_key(one["loc"])].rpartition(".")[2])
        for one in errors
        if one["type"] == "extra_forbidden" and plain_key(one["loc"]) in renamed
    }
    return [one for one in errors if not (_is_short(one, places) or _is_given(one, given))]


def _is_short(one: Any, places: Sequence[tuple[int | str, ...]]) -> bool:
    loc = one["loc"]
    return one["type"] == "too_short" and any(
        len(place) > len(loc) and place[: len(loc)] == loc for place in places
    )


def _is_given(one: Any, given: set[tuple[int | str, ...]]) -> bool:
    return one["type"] == "missing" and one["loc"] in given


def _with_name(key: str, values: Any) -> str:
    """Return the key, with the name of the row of a list that it is in, where the row has one."""
    for part in key.split(".")[:-1]:
        try:
            values = values[int(part) if isinstance(values, Sequence) else part]
        except (KeyError, IndexError, TypeError, ValueError):
            return key
    name = values.get("name") if isinstance(values, Mapping) else None
    in_a_list = any(part.isdigit() for part in key.split("."))
    return f"{key}: {name}" if in_a_list and isinstance(name, str) and name else key


def _key_of(loc: Sequence[int | str], values: Any) -> str:
    """Return the key that a breach speaks of, without the names of the types that were tried."""
    parts: list[str] = []
    for part in loc:
        parts.append(str(part))
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return ".".join(parts if isinstance(values, Mapping) else parts[:-1])
    return ".".join(parts)


def _origin(key: str, origins: Mapping[str, str], where: str) -> str:
    """Return the place of the longest known beginning of a dotted key."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if (begun := ".".join(parts[:length])) in origins:
            return origins[begun]
    return where
