"""A home with a recipe's rows, and a configuration that trains in seconds."""

import shutil
from pathlib import Path

import pytest

from gem_assets.datasets.build import build_all
from gem_assets.datasets.recipes import load_recipe
from gem_assets.stages.catalog import declare_home
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured

ALL = """
description = "All that was recorded."
judgement = "passed_or_not_run"

[splits]
train = 0.67
validation = 0.33
test = 0.0
"""

QUICK = """
description = "Seconds on a CPU."
context = 16384
precision = "fp32"

[tiny]
hidden = 32
intermediate = 64
vocabulary = 600

[training]
learning_rate = 5e-3
epochs = 10
rows_per_step = 1
activation_checkpointing = false
checkpoint_every = 4
"""


@pytest.fixture(scope="session")
def with_rows_once(carried_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(carried_once, tmp_path_factory.mktemp("rows") / "home"))
    declare_home(Home(root))
    (root / "recipes").mkdir()
    (root / "recipes" / "all.toml").write_text(ALL)
    (root / "training").mkdir()
    (root / "training" / "quick.toml").write_text(QUICK)
    build_all(configured(Home(root)), load_recipe("all", Home(root)), "first")
    return root


@pytest.fixture
def with_rows(with_rows_once: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(with_rows_once, tmp_path / "rows")))
