"""The settings of the sources that their tests use."""

from tests.sources.conftest import settings

__all__ = ["settings"]
