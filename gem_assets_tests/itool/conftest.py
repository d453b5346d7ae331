"""The home of the data set tests: recorded documents, carried through every stage and chosen by a recipe."""

from gem_assets_tests.datasets.conftest import built, built_once

__all__ = ["built", "built_once"]
