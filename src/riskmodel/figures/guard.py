"""No picture ends a run: what cannot be drawn is said, in its place and as a warning."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from riskmodel.errors import RiskModelError
from riskmodel.figures.canvas import Picture, nothing, words_of

Given = ParamSpec("Given")


def guard_picture(draw: Callable[Given, Picture]) -> Callable[Given, Picture]:
    """The same chart; where drawing it fails, one that says so, with a warning.

    What the project itself refuses (`RiskModelError`) is no fault of the picture, and passes.
    """

    @wraps(draw)
    def picture(*given: Given.args, **keywords: Given.kwargs) -> Picture:
        try:
            return draw(*given, **keywords)
        except RiskModelError:
            raise
        except Exception as error:
            title, why = draw.__name__.replace("_", " ").capitalize(), words_of(error)
            warnings.warn(f"{title} could not be drawn: {why}", stacklevel=2)
            return nothing(title, f"it could not be drawn ({why})")

    return picture
