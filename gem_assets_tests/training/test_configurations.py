"""Configurations say what the paper says, and their figures are what the formula gives."""

from pathlib import Path

import pytest

from gem_assets.store.home import Home
from gem_assets.training.configurations import ConfigurationFileError, configuration_names, load_configuration
from gem_assets.training.memory import device_memory, disk_needed

NOWHERE = Home(Path("nowhere"))
PAPER = {
    "learning_rate": 5e-6,
    "warmup_ratio": 0.1,
    "schedule": "cosine",
    "epochs": 2,
    "rows_per_step": 64,
    "weight_decay": 0.05,
}


@pytest.mark.parametrize("name", ["qwen3_8b", "qwen3_32b"])
def test_full_training_is_table_3(name: str):
    found = load_configuration(name, NOWHERE)
    assert PAPER.items() <= found.training.model_dump().items()
    assert (found.context, found.precision, found.lora) == (32_768, "bf16", None)


@pytest.mark.parametrize("name", configuration_names(NOWHERE))
def test_the_memory_that_is_stated_is_the_memory_that_is_calculated(name: str):
    found = load_configuration(name, NOWHERE)
    calculated = device_memory(found)
    assert found.memory_gib == (calculated and pytest.approx(calculated, abs=0.1))
    assert disk_needed(found) > 0


def test_more_devices_share_the_state_and_nothing_else():
    found = load_configuration("qwen3_8b", NOWHERE)
    one, two, four = (
        device_memory(found.model_copy(update={"processes": processes})) or 0 for processes in (1, 2, 4)
    )
    assert one - two == pytest.approx(2 * (two - four))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('description = "x"', "name either base"),
        ('description = "x"\nbase = "m"\n[tiny]', "name either base"),
        ('description = "x"\nbase = "m"\nprocesses = 8\n[lora]', "LoRA is merged"),
        ('description = "x"\nbase = "m"\nprocesses = 7', "rows_per_step has to be a multiple"),
        ('description = "x"\nbase = "m"\n[training]\nlearning_rate = 0', "training.learning_rate"),
        ('description = "x"\nbase = "m"\nepoch = 2', "epoch"),
        ("description = ", "is not TOML"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_file_and_field(tmp_path: Path, text: str, said: str):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationFileError, match=said) as refused:
        load_configuration(str(path), NOWHERE)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(ConfigurationFileError, match=r"'smok'.*qwen3_32b, .*smoke"):
        load_configuration("smok", NOWHERE)
