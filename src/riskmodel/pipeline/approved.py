"""The approved champion, for runs that score without fitting."""

from pathlib import Path

from riskmodel.errors import NotApproved
from riskmodel.model import RiskModel
from riskmodel.publish.run_folder import Run


def approved_model(run: Run) -> RiskModel:
    """The version that a recorded review put in force by today, its hashes verified.

    `NotApproved` where there is none.
    """
    from riskmodel.publish import registry

    version = approved_version(run.root)
    return RiskModel.from_files(
        registry.load_version(run.root, version), threads=run.settings.run.threads
    )


def approved_version(root: Path) -> str:
    """The version in force today; `NotApproved` where there is none."""
    from riskmodel.publish import review

    version = review.in_force_now(root)
    if version is None:
        raise NotApproved(
            "model.source = 'champion': no model is in force. Approve a version with"
            " `riskmodel review approve`, or fit one."
        )
    return version
