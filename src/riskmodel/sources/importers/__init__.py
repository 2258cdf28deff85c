"""The public data sets that can be turned into a source folder, by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from riskmodel.sources.importers.cumcm2020c import import_cumcm2020c
from riskmodel.sources.importers.gmsc import import_gmsc
from riskmodel.sources.importers.taiwan import import_taiwan

IMPORTERS: Mapping[str, Callable[[Path, Path], None]] = MappingProxyType(
    {"cumcm2020c": import_cumcm2020c, "gmsc": import_gmsc, "taiwan": import_taiwan}
)
"""Each takes the folder of the original files, and the new folder to write."""
