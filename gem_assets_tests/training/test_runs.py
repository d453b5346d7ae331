"""A training is prepared whole or refused in one sentence; the same one gets the same folder."""

import json
import sys
from pathlib import Path

import pytest

from gem_assets.configuration import read_configuration
from gem_assets.store.home import Home, StoreError
from gem_assets.training.configurations import Configuration, load_configuration
from gem_assets.training.curve import BARS, curve_markdown, sparkline
from gem_assets.training.launching import StoppedError, begin, check_end
from gem_assets.training.runs import Run, find_model, prepare_run, read_training
from gem_assets.training.trainer import Trainer, TrainerError, clean, find_trainer

TRAINER = Trainer(Path("/python"), {"torch": "1"})


def prepare(home: Home, task: str = "policy", trainer: Trainer = TRAINER, **changed) -> Run:
    configuration = load_configuration("quick", home)
    return prepare_run(home, task, "all", configuration.model_copy(update=changed), trainer)


def test_the_same_rows_configuration_and_trainer_get_the_same_folder(with_rows: Home):
    first = prepare(with_rows)
    assert prepare(with_rows) == first
    others = [
        prepare(with_rows, "synthesizer"),
        prepare(with_rows, context=500),
        prepare(with_rows, trainer=Trainer(Path("/python"), {"torch": "2"})),
    ]
    assert len({run.name for run in [first, *others]}) == 4


def test_an_order_says_all_and_the_rows_lie_beside_it(with_rows: Home):
    run = prepare(with_rows)
    order = json.loads((run.work / "order.json").read_text())
    rows = [json.loads(line) for line in Path(order["data"]).read_text().splitlines()]
    assert len(rows) == 2
    assert {type(row["tools"]) for row in rows} == {str}
    assert run.command == ("/python", run.command[1], str(run.work / "order.json"))
    assert not run.is_done


def test_several_devices_are_launched_together(with_rows: Home):
    run = prepare(with_rows, processes=4, training=load_configuration("qwen3_8b", with_rows).training)
    assert run.command[1:3] == ("-m", "accelerate.commands.launch")
    assert run.command[run.command.index("--num_processes") + 1] == "4"


def test_a_recipe_without_rows_is_refused(with_rows: Home):
    text = (with_rows.root / "recipes" / "all.toml").read_text()
    (with_rows.root / "recipes" / "none.toml").write_text(text.replace("passed_or_not_run", "passed"))
    with pytest.raises(StoreError, match="the data set none was never built"):
        prepare_run(with_rows, "policy", "none", load_configuration("quick", with_rows), TRAINER)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no config.json"),
        ({"config.json": "{}"}, "holds no tokenizer"),
        (None, "there is no model folder"),
    ],
)
def test_a_folder_that_is_no_model_is_refused(
    with_rows: Home, tmp_path: Path, files: dict[str, str] | None, said: str
):
    folder = tmp_path / "model"
    if files is not None:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    with pytest.raises(StoreError, match=said):
        prepare(with_rows, base=str(folder), tiny=None)
    assert not (with_rows.models / "runs").exists()


def test_a_model_folder_with_a_tokenizer_is_taken(with_rows: Home, tmp_path: Path):
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    assert prepare(with_rows, base=str(tmp_path), tiny=None).command


def test_a_disk_with_too_little_room_is_refused_before_anything_is_written(with_rows: Home):
    configuration: Configuration = load_configuration("qwen3_8b", with_rows)

    def run(free: int) -> Run:
        return prepare_run(with_rows, "policy", "all", configuration, TRAINER, lambda path: free)

    with pytest.raises(StoreError, match=r"the disk has 100\.0 GiB free, and .* about 335\.6 GiB"):
        run(100 * 2**30)
    assert not list((with_rows.models / "runs").glob("*/*"))
    assert run(400 * 2**30).command


@pytest.mark.parametrize(
    ("python", "said"),
    [("/nowhere/python", "make train-env"), (sys.executable, "cannot train .*torch")],
)
def test_no_trainer_is_one_sentence(python: str, said: str):
    with pytest.raises(TrainerError, match=said) as refused:
        find_trainer(read_configuration({"GEM_TRAIN_PYTHON": python}))
    assert "\n" not in str(refused.value)


def test_a_trainer_gets_neither_keys_nor_this_pythons_packages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTHER_API_KEY", "secret-secret")
    given = clean({"GEM_TEACHER_API_KEY": "secret-secret", "PYTHONPATH": "/x", "PATH": "/bin"})
    assert given["PATH"] == "/bin"
    assert {given["GEM_TEACHER_API_KEY"], given["OTHER_API_KEY"], given["PYTHONPATH"]} == {""}


def test_how_an_attempt_ended_is_read_from_what_it_told_itself(with_rows: Home):
    run = prepare(with_rows)
    with run.progress.open("a") as file:
        file.write('{"event": "refused", "sentence": "of an earlier attempt"}\n')
    begin(run)
    with pytest.raises(TrainerError, match=r"ended with signal 9; .*log\.txt"):
        check_end(run, -9)
    with run.progress.open("a") as file:
        file.write('{"event": "stopped"}\n')
    with pytest.raises(StoppedError):
        check_end(run, 3)
    with run.progress.open("a") as file:
        file.write('{"event": "refused", "sentence": "the disk is full"}\n')
    with pytest.raises(TrainerError, match=r"^the disk is full$"):
        check_end(run, 2)


def test_the_model_finished_last_is_found_by_task_and_recipe(with_rows: Home):
    with pytest.raises(StoreError, match="no synthesizer has been trained"):
        find_model(with_rows, "synthesizer")
    folder = with_rows.models / "synthesizer-all-quick-0123"
    folder.mkdir(parents=True)
    with pytest.raises(StoreError, match="no model that"):
        read_training(folder)
    (folder / "training.json").write_text('{"recipe": "all"}')
    assert find_model(with_rows, "synthesizer") == find_model(with_rows, "synthesizer", "all") == folder
    with pytest.raises(StoreError, match="gem train synthesizer --recipe al`"):
        find_model(with_rows, "synthesizer", "al")
    with pytest.raises(StoreError, match="gem train policy"):
        find_model(with_rows, "policy")


def test_a_curve_falls_as_its_losses_do():
    bars = sparkline([8.0, 4.0, 2.0, 1.0])
    assert [BARS.index(bar) for bar in bars] == sorted((BARS.index(bar) for bar in bars), reverse=True)
    assert (bars[0], sparkline([])) == (BARS[-1], "")
    table = curve_markdown([[step, 1 / step] for step in range(1, 101)])
    assert "| 1 | 1.0000 |" in table
    assert "| 100 | 0.0100 |" in table
    assert table.count("\n") < 20
