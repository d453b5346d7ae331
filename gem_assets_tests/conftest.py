"""What many tests need: a home with empty tables or with a carried corpus, and settings that point to it."""

import os
import shutil
from pathlib import Path

import pytest

from gem_assets.settings import Settings
from gem_assets.stages.catalog import declare_home
from gem_assets.store.home import Home
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import carry, put_rows, recorded_answer, recorded_rows, serve


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GEM_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with empty tables, to copy: declaring them takes a tenth of a second."""
    root = tmp_path_factory.mktemp("declared")
    declare_home(Home(root))
    return root


@pytest.fixture
def home(declared: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(declared, tmp_path / "home")))


@pytest.fixture
def settings(home: Home) -> Settings:
    return Settings(home=home.root)


@pytest.fixture(scope="session")
def carried_once(declared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded documents, three procedures and an essay, in two shards carried through every stage."""
    root = tmp_path_factory.mktemp("carried") / "home"
    shutil.copytree(declared, root)
    with pytest.MonkeyPatch.context() as patch:
        serve(patch, ScriptedLlm(recorded_answer))
        for shard in put_rows(Home(root), list(recorded_rows().values()), size=2):
            carry(Settings(home=root), shard, "first")
    return root


@pytest.fixture
def carried(carried_once: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(carried_once, tmp_path / "carried")))
