"""A home whose recorded documents were carried through every stage and chosen by a recipe that takes them."""

import shutil
from pathlib import Path

import pytest

from gem_assets.datasets.build import build_all
from gem_assets.datasets.recipes import load_recipe
from gem_assets.stages.catalog import declare_home
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured

MINE = """
description = "All that was recorded."
judgement = "passed_or_not_run"

[splits]
train = 0.34
validation = 0.33
test = 0.33
"""


@pytest.fixture(scope="session")
def built_once(carried_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(carried_once, tmp_path_factory.mktemp("built") / "home"))
    declare_home(Home(root))
    (root / "recipes").mkdir()
    (root / "recipes" / "mine.toml").write_text(MINE)
    build_all(configured(Home(root)), load_recipe("mine", Home(root)), "first")
    return root


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(built_once, tmp_path / "built")))
