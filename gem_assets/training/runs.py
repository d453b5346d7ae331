"""One training as folders: what is trained on, how far it is, and the model that came out.

    models/runs/NAME/   order.json, train.jsonl, validation.jsonl, progress.jsonl, log.txt, checkpoints/
    models/NAME/        the finished model with its tokenizer and training.json, put there by one rename

NAME ends in a hash of rows, configuration and trainer: the same training goes on where it was, another one
starts afresh. Does not belong here: starting processes (`launching.py`).
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.datasets.chat_template import TEMPLATE
from gem_assets.datasets.exports.rows import Task, read_training_rows
from gem_assets.datasets.exports.shapes import to_text, trl_shape
from gem_assets.datasets.recipes import Split
from gem_assets.records.base import content_hash
from gem_assets.store.errors import map_store_errors
from gem_assets.store.files import write_text
from gem_assets.store.home import Home, StoreError
from gem_assets.training.configurations import Configuration
from gem_assets.training.memory import GIB, disk_needed
from gem_assets.training.trainer import Trainer


@dataclass(frozen=True)
class Run:
    """A training that is prepared."""

    name: str
    work: Path
    """Where it works."""
    published: Path
    """Where the model will be."""
    command: tuple[str, ...]
    version: str
    """Hash of rows, configuration and trainer: the model's data version."""

    @property
    def is_done(self) -> bool:
        """Whether the model is there."""
        return (self.published / "training.json").is_file()

    @property
    def progress(self) -> Path:
        """One line per event."""
        return self.work / "progress.jsonl"

    @property
    def log(self) -> Path:
        """All that the trainer printed."""
        return self.work / "log.txt"


def prepare_run(
    home: Home,
    task: Task,
    recipe: str,
    configuration: Configuration,
    trainer: Trainer,
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
) -> Run:
    """Write what a training needs into its folder; nothing is started.

    Raises:
        StoreError: no rows, contaminated rows, no model to start from, too little room on the disk.
    """
    rows = {split: _lines(home, task, recipe, split) for split in ("train", "validation")}
    if not rows["train"]:
        raise StoreError(
            f"the recipe {recipe} holds 0 rows to train the {task} on: "
            f"`gem dataset --recipe {recipe}` says why"
        )
    _check_base(configuration)
    version = content_hash([task, rows, configuration.model_dump(mode="json"), trainer.version])
    name = f"{task}-{recipe}-{configuration.name}-{version[:12]}"
    work = home.models / "runs" / name
    command = trainer.command("sft", [str(work / "order.json")], configuration.processes)
    run = Run(name, work, home.models / name, tuple(command), version)
    if run.is_done:
        return run
    about = {"task": task, "recipe": recipe, "configuration": configuration.name, "version": version}
    order = _order(home, run, configuration) | {"about": about | {"trainer": dict(trainer.versions)}}
    with map_store_errors(f"the training {name}"):
        work.mkdir(parents=True, exist_ok=True)
        _check_room(work, configuration, free_bytes)
        for split, lines in rows.items():
            write_text(work / f"{split}.jsonl", "".join(f"{line}\n" for line in lines))
        write_text(work / "order.json", json.dumps(order, indent=1))
    return run


def read_training(published: Path) -> dict[str, Any]:
    """Read what is known of how a model was trained; raises StoreError where it is no model of ours."""
    path = published / "training.json"
    if not path.is_file():
        raise StoreError(f"{published} holds no model that `gem train` made")
    return json.loads(path.read_text("utf-8"))


def find_model(home: Home, task: Task, recipe: str | None = None) -> Path:
    """Find the model of a task that was finished last; raises StoreError where there is none."""
    found = [path for path in list_models(home, task) if recipe in (None, read_training(path)["recipe"])]
    if not found:
        which = f" --recipe {recipe}" if recipe else ""
        raise StoreError(f"no {task} has been trained yet: `gem train {task}{which}`")
    return found[-1]


def list_models(home: Home, task: Task) -> list[Path]:
    """List the finished models of a task, the newest last."""
    written = sorted(home.models.glob(f"{task}-*/training.json"), key=lambda path: path.stat().st_mtime)
    return [path.parent for path in written]


def _order(home: Home, run: Run, configuration: Configuration) -> dict[str, Any]:
    """Write what the script reads: `scripts/sft.py` knows every field."""
    said = configuration.model_dump(mode="json", exclude={"name", "description", "shape", "memory_gib"})
    return said | order_paths(home, run)


def order_paths(home: Home, run: Run) -> dict[str, str]:
    """Say where a script finds its rows and leaves its model, and which lock it holds meanwhile."""
    return {
        "work": str(run.work),
        "published": str(run.published),
        "data": str(run.work / "train.jsonl"),
        "validation": str(run.work / "validation.jsonl"),
        "template": str(TEMPLATE),
        "lock": str(home.locks / "trainer.lock"),
    }


def _lines(home: Home, task: Task, recipe: str, split: Split) -> list[str]:
    return [to_text(trl_shape(row)) for row in read_training_rows(home, recipe, [task]).of(task, split)]


def _check_base(configuration: Configuration) -> None:
    """Look at a model folder before anything is started; a name at the Hub is looked up by the trainer."""
    if configuration.base is None:
        return
    folder = Path(configuration.base).expanduser()
    if not folder.is_dir():
        if configuration.base.startswith(("/", ".", "~")):
            raise StoreError(f"there is no model folder {folder}")
        return
    if not (folder / "config.json").is_file():
        raise StoreError(f"{folder} holds no config.json, so it is no model: name the folder that does")
    if not any(
        (folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json")
    ):
        raise StoreError(f"{folder} holds no tokenizer: copy the model's tokenizer.json into it")


def _check_room(work: Path, configuration: Configuration, free_bytes: Callable[[Path], int]) -> None:
    needed, free = disk_needed(configuration), free_bytes(work)
    if free < needed:
        raise StoreError(
            f"the disk has {free / GIB:.1f} GiB free, and checkpoints and model take about "
            f"{needed / GIB:.1f} GiB: make room, or set GEM_HOME to another disk"
        )
