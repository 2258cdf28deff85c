"""The library's own engine on the same folder."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from riskmodel.pipeline.benches.task import Task


def prepared(task: Task) -> Callable[[Path], None]:
    """The folder read and checked, the kernels loaded; the work computes and writes one file.

    The others read Parquet within their time, and this one does not: what that is worth is the
    time of the scan. In return the source folder's checks, which no other makes, are not counted.
    """
    from riskmodel.features import compute
    from riskmodel.settings import default_settings
    from riskmodel.sources.files import write_parquet
    from riskmodel.sources.folder import read_folder

    settings = default_settings()
    source = read_folder(task.folder, settings.sources).source
    register = source.frame("enterprises")[["enterprise_id"]].drop_duplicates()
    dates = pd.DataFrame({"as_of": pd.to_datetime(list(task.dates))})
    rows = register.merge(dates, how="cross")
    compute(source, rows.head(1), settings.features, cards=task.cards, threads=task.threads)

    def work(out: Path) -> None:
        features = compute(source, rows, settings.features, cards=task.cards, threads=task.threads)
        write_parquet(features.frame, out / "features.parquet")

    return work
