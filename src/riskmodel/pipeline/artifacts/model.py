"""Readers of what the stage `model` writes."""

from riskmodel import model as modelling
from riskmodel.errors import DataError, printable_path
from riskmodel.model.unseen_missing import describe_unknown
from riskmodel.runs.run_folder import Run
from riskmodel.storage.files import read_text


def champion_of(run: Run) -> modelling.RiskModel:
    """Return the model that is recommended: the first candidate, or the approved one."""
    name = run.read_json("model", "champion")["name"]
    folder = run.path_of("model", f"{name}/model.json").parent
    files = {path.name: read_text(path) for path in sorted(folder.iterdir()) if path.name[0] != "."}
    try:
        return modelling.RiskModel.from_files(files, threads=run.settings.run.threads)
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{printable_path(folder)}: not the texts of a model ({type(error).__name__}). Run the stage model"
            " again."
        ) from error


def unknown_values(run: Run, name: str) -> tuple[str, ...]:
    """Return a sentence for each feature whose missing values a model takes as anyone's."""
    record = run.read_json("model", "unknown")
    return describe_unknown(record["as_anyone"][name], record["rows"])
