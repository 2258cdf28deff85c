"""The small settings that the tests of the models use."""

from tests.model.conftest import settings

__all__ = ["settings"]
