"""What is learnt, token by token; and that a training survives kills, stops and full disks."""

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gem_assets.configuration import read_configuration
from gem_assets.datasets.chat_template import render_chat, render_learnt, template_text
from gem_assets.store.home import Home
from gem_assets.training.configurations import load_configuration
from gem_assets.training.launching import StoppedError, check_end, last_event
from gem_assets.training.runs import prepare_run, read_training
from gem_assets.training.trainer import TrainerError, clean, find_trainer
from gem_assets_tests.training.trainings import (
    events,
    figures,
    killed,
    left_over,
    prepared,
    started,
    trained,
    wait_for,
    weights,
)

pytestmark = pytest.mark.train

IGNORED = -100
HEAD = "<|im_start|>assistant\n"
SCRIPT = Path(__file__).parent / "tokens_in_trainer.py"


@pytest.fixture(scope="module")
def tokens(with_rows_once: Path) -> dict[str, Any]:
    """What the trainer makes of the recorded policy rows, one of which has a repaired call."""
    configuration = load_configuration("quick", Home(with_rows_once))
    run = prepare_run(
        Home(with_rows_once), "policy", "all", configuration, find_trainer(read_configuration({}))
    )
    path = run.work / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    spoken = next(n for n, message in enumerate(rows[0]["messages"]) if message["role"] == "assistant")
    rows[0]["messages"][spoken]["train"] = False
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    asked = subprocess.run(
        [str(find_trainer(read_configuration({})).python), str(SCRIPT), str(run.work / "order.json")],
        capture_output=True,
        text=True,
        env=clean(os.environ),
        check=False,
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    return json.loads(asked.stdout[asked.stdout.index('{"rows"') :])


def test_the_text_that_is_trained_on_is_qwen3s_to_the_byte(tokens: dict[str, Any]):
    for row in tokens["rows"]:
        ours = render_chat(row["row"]["messages"], json.loads(row["row"]["tools"]))
        assert row["text"].encode() == row["theirs"].encode() == ours.encode()


def test_every_token_the_assistant_says_is_learnt_and_no_other(tokens: dict[str, Any]):
    """By another renderer: the product's own, which has no part in tokenising."""
    for row in tokens["rows"]:
        said = render_learnt(row["row"]["messages"], json.loads(row["row"]["tools"]))
        spans, place = [], 0
        for part in said:
            place = row["text"].index(f"<|im_start|>assistant\n{part}", place) + len(
                "<|im_start|>assistant\n"
            )
            spans.append((place, place + len(part)))
            place += len(part)
        assert len(row["input_ids"]) == len(row["labels"]) == len(row["offset_mapping"])
        for token, label, (start, end) in zip(
            row["input_ids"], row["labels"], row["offset_mapping"], strict=True
        ):
            inside = any(start >= first and end <= last for first, last in spans)
            assert label == (token if inside else IGNORED), row["text"][start:end]
    assert any(label != IGNORED for row in tokens["rows"] for label in row["labels"])


def test_the_end_of_a_turn_is_learnt_and_a_message_without_loss_is_not(tokens: dict[str, Any]):
    row = tokens["rows"][0]
    learnt = [
        row["text"][start:end]
        for label, (start, end) in zip(row["labels"], row["offset_mapping"], strict=True)
        if label != IGNORED
    ]
    spoken = [message for message in row["row"]["messages"] if message["role"] == "assistant"]
    wanted = [message for message in spoken if message.get("train", True)]
    assert 0 < learnt.count("<|im_end|>") == len(wanted) < len(spoken)
    assert "<|im_start|>" not in learnt


def test_the_batches_of_the_trainer_hold_the_same_labels(tokens: dict[str, Any]):
    ours = {tuple(row["input_ids"]): row["labels"] for row in tokens["rows"]}
    theirs = {tuple(batch["input_ids"][0]): batch["labels"][0] for batch in tokens["batches"]}
    assert theirs == ours


def test_a_killed_training_goes_on_as_if_nothing_had_been(with_rows: Home, tmp_path: Path):
    other = Home(Path(shutil.copytree(with_rows.root, tmp_path / "other")))
    whole, broken = prepared(with_rows), prepared(other)
    trained(whole)
    killed(broken, after_checkpoints=2)
    assert not broken.is_done
    # Half a checkpoint, as a kill in the midst of writing leaves it, is not gone on from.
    half = broken.work / "checkpoints" / "checkpoint-9999"
    half.mkdir()
    told = trained(broken)
    [begun] = [event for event in told if event["event"] == "begin"]
    assert begun["resumed_from"].startswith("checkpoint-")
    assert begun["resumed_from"] != half.name
    assert weights(broken) == weights(whole)
    assert figures(broken)["curve"] == figures(whole)["curve"]
    assert len(figures(whole)["curve"]) == figures(whole)["steps"] == 20
    assert left_over(broken) == []
    # What is published is a model by itself: template, tokenizer, weights, and what is known of it.
    assert (broken.published / "chat_template.jinja").read_text("utf-8") == template_text()
    losses = [loss for _, loss in read_training(broken.published)["curve"]]
    assert losses[-1] < losses[0]
    assert prepared(other).is_done


def test_a_stopped_training_saves_and_goes_on(with_rows: Home):
    run = prepared(with_rows, training={"checkpoint_every": 1000, "epochs": 50})
    child = started(run)
    wait_for(run, "step", 2, child)
    child.send_signal(signal.SIGTERM)
    status = child.wait()
    with pytest.raises(StoppedError):
        check_end(run, status)
    assert len(events(run, "checkpoint")) == 1
    stopped = last_event(run)["step"]
    again = started(run)
    wait_for(run, "begin", 2, again)
    assert events(run, "begin")[-1]["resumed_from"] == f"checkpoint-{stopped}"
    again.kill()
    again.wait()


def test_a_training_whose_starter_is_gone_saves_and_stops(with_rows: Home):
    run = prepared(with_rows, training={"checkpoint_every": 1000, "epochs": 50})
    starter = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])", *run.command],
        env=clean(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    run.progress.touch()
    wait_for(run, "step", 1, starter)
    starter.kill()
    starter.wait()
    lock = with_rows.locks / "trainer.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # waits for its end
    assert last_event(run)["event"] == "stopped"


def test_one_trains_at_a_time(with_rows: Home):
    run = prepared(with_rows)
    lock = with_rows.locks / "trainer.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TrainerError, match=r"^another training is running"):
            trained(run)
    assert not run.is_done


def test_rows_longer_than_the_context_are_left_out_and_counted(with_rows: Home):
    with pytest.raises(TrainerError, match=r"none of 2 rows .* 2 are longer than the context of 64 tokens"):
        trained(prepared(with_rows, context=64))


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half(with_rows: Home):
    run = prepared(with_rows)

    def small_disk() -> None:
        # Files may not grow beyond this: as on a full disk, the model does not fit.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    child = started(run, preexec_fn=small_disk)
    status = child.wait()
    with pytest.raises(TrainerError, match=r"^the disk is full: free some space"):
        check_end(run, status)
    assert status == 2
    assert not run.is_done
    told = trained(run)
    assert told[-1]["event"] == "published"
    assert left_over(run) == []
