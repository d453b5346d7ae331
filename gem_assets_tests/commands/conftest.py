"""Homes that other rooms fill: recorded documents, chosen by a recipe, and rows to train on."""

from gem_assets_tests.datasets.conftest import built, built_once
from gem_assets_tests.training.conftest import with_rows, with_rows_once

__all__ = ["built", "built_once", "with_rows", "with_rows_once"]
