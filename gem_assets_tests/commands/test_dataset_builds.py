from pathlib import Path

import pytest

from gem_assets.commands.dataset_builds import run_dataset, run_export
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.configured import configured

pytestmark = pytest.mark.slow


def test_a_build_tells_rows_splits_benchmarks_and_what_changed(built: Home):
    said: list[str] = []
    assert run_dataset(configured(built), "mine", True, said.append) == 0
    told = "\n".join(said)
    for part in ("3 trajectories, 3 kept", "splits: ", "checked against bfcl-eval", "packed"):
        assert part in told
    assert "against run first: 3 same" in told


def test_a_build_that_keeps_nothing_says_so_and_fails(built: Home):
    said: list[str] = []
    assert run_dataset(configured(built), "default", False, said.append) == 1
    assert "left out: 3 dataset_corpus" in said
    assert "--recipe demo" in said[-1]


def test_a_recipe_named_by_its_path_is_exported_by_it_too(built: Home, tmp_path: Path):
    path = tmp_path / "other.toml"
    shares = "[splits]\ntrain = 1\nvalidation = 0\ntest = 0"
    path.write_text(f'description = "x"\njudgement = "passed_or_not_run"\n{shares}')
    said: list[str] = []
    assert run_dataset(configured(built), str(path), False, said.append) == 0
    assert run_export(built, str(path), "openai", tmp_path / "out", said.append) == 0
    assert "policy train 3" in said[-3]
    assert said[-2:] == [f"note: no row fell into the {split} split" for split in ("validation", "test")]


def test_bad_input_rises_as_one_sentence(built: Home, tmp_path: Path):
    with pytest.raises(StoreError, match="there is no recipe 'nothing'"):
        run_dataset(configured(built), "nothing", False, print)
