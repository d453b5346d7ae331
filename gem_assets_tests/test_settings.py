from pathlib import Path

import pytest

import gem_assets.settings
from gem_assets.settings import CHECKOUT, Settings, SettingsError, load_settings, read_environment


def test_without_any_variable_the_defaults_hold():
    settings = load_settings({})
    assert settings == Settings(home=CHECKOUT / ".gem")
    assert (settings.maximum_failed, settings.shard_size, settings.judge_samples) == (0.05, 200, 3)


def test_each_variable_sets_its_number():
    environment = {
        "GEM_HOME": "/somewhere/else",
        "GEM_MAX_FAILED": "0.5",
        "GEM_SHARD_SIZE": "7",
        "GEM_LANGUAGE": "source",
        "GEM_JUDGE_SAMPLES": "1",
        "GEM_MODEL": "not a setting of this kind",
    }
    assert load_settings(environment) == Settings(
        home=Path("/somewhere/else"),
        maximum_failed=0.5,
        shard_size=7,
        trajectory_language="source",
        judge_samples=1,
    )


@pytest.mark.parametrize(
    "variable", ["GEM_MAX_FAILED", "GEM_SHARD_SIZE", "GEM_LANGUAGE", "GEM_JUDGE_SAMPLES"]
)
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_variable_counts_as_unset(variable: str, blank: str):
    assert load_settings({variable: blank}) == load_settings({})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GEM_MAX_FAILED", "lots"),
        ("GEM_MAX_FAILED", "-0.1"),
        ("GEM_MAX_FAILED", "1.1"),
        ("GEM_MAX_FAILED", "nan"),
        ("GEM_MAX_FAILED", "5 %"),
        ("GEM_SHARD_SIZE", "0"),
        ("GEM_SHARD_SIZE", "2.5"),
        ("GEM_JUDGE_SAMPLES", "0"),
        ("GEM_JUDGE_SAMPLES", "10"),
    ],
)
def test_a_value_out_of_range_is_told_with_its_variable(variable: str, value: str):
    with pytest.raises(SettingsError, match=f"{variable}=.* cannot be used"):
        load_settings({variable: value})


def test_home_is_one_place_whatever_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings({}).home == CHECKOUT / ".gem"
    assert load_settings({"GEM_HOME": "here"}).home == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings({"GEM_HOME": "~/gem"}).home == tmp_path / "gem"


def test_outside_a_checkout_home_is_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gem_assets.settings, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.chdir(tmp_path)
    assert load_settings({}).home == tmp_path / ".gem"


def test_the_process_goes_before_the_working_directory_and_that_before_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    checkout, here = tmp_path / "checkout", tmp_path / "here"
    for folder, lines in {checkout: "A=1\nB=1\nC=1\n", here: "B=2\nC=2\nD\n"}.items():
        folder.mkdir()
        (folder / ".env").write_text(lines)
    monkeypatch.setattr(gem_assets.settings, "CHECKOUT", checkout)
    monkeypatch.chdir(here)
    monkeypatch.setenv("C", "3")
    found = read_environment()
    assert [found.get(name) for name in "ABCD"] == ["1", "2", "3", None]


def test_where_there_is_no_file_the_process_is_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gem_assets.settings, "CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEM_SHARD_SIZE", "9")
    assert read_environment()["GEM_SHARD_SIZE"] == "9"
