"""TOML texts as plain values, with one-line errors."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from riskmodel.errors import SettingsError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file as plain values; raise `SettingsError` in one line if that fails."""
    return parse_toml(read_text(path), path.name)


def read_text(path: Path) -> str:
    """Read a settings file's text without a byte-order mark; raise `SettingsError` if that fails."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file. Name an experiment's TOML.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path.name}: not readable as TOML ({error}). Fix the file.") from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Parse TOML as plain values; raise `SettingsError` in one line if it is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{where}: not readable as TOML ({error}). Fix the file.") from None


def parse_value(text: str) -> Any:
    """Parse one TOML value; a text that is none is taken as it is, so that quotes may be left out."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def freeze_lists(value: Any) -> Any:
    """Return TOML's lists as tuples, at every depth: frozen settings hold nothing that changes."""
    if isinstance(value, Mapping):
        return {key: freeze_lists(inner) for key, inner in value.items()}
    return tuple(freeze_lists(inner) for inner in value) if isinstance(value, list) else value
