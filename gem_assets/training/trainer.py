"""The trainer's environment: which Python it is, what is installed there, how a script of ours runs in it.

Nothing of it is imported here: torch stays out of this process.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gem_assets.configuration import RunConfiguration
from gem_assets.settings import CHECKOUT
from gem_assets.store.home import StoreError

SCRIPTS = Path(__file__).parent / "scripts"
SHARDING = Path(__file__).parent / "configs" / "fsdp2.yaml"
_NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate", "dagster-pipes")
# glibc gives large blocks back after each step and fetches them anew: a fifth of the time on a CPU.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**33), "MALLOC_TRIM_THRESHOLD_": str(2**34)}
_ASK = "import sys, json, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"


class TrainerError(StoreError):
    """There is no trainer to work with, or it refused; one sentence."""


@dataclass(frozen=True)
class Trainer:
    """A Python with torch and TRL, apart from the product's own."""

    python: Path
    versions: Mapping[str, str]

    def command(self, script: str, arguments: Sequence[str], processes: int = 1) -> list[str]:
        """Write the command that runs a script, on several devices by accelerate's launcher."""
        path = [str(SCRIPTS / f"{script}.py"), *arguments]
        if processes == 1:
            return [str(self.python), *path]
        launch = ["-m", "accelerate.commands.launch", "--config_file", str(SHARDING)]
        return [str(self.python), *launch, "--num_processes", str(processes), *path]

    @property
    def version(self) -> str:
        """Hash of the packages that shape a training, and of our scripts."""
        told = json.dumps(dict(sorted(self.versions.items())))
        sources = [path.read_bytes() for path in sorted(SCRIPTS.glob("*.py"))]
        return hashlib.sha256(b"\0".join([told.encode(), *sources])).hexdigest()[:20]


def find_trainer(configuration: RunConfiguration) -> Trainer:
    """Find the trainer's Python: GEM_TRAIN_PYTHON, else `.venv-train` in the checkout.

    Raises:
        TrainerError: it is not there, or lacks a package.
    """
    named = configuration.train_python
    python = named.expanduser() if named else CHECKOUT / ".venv-train" / "bin" / "python"
    what = f"GEM_TRAIN_PYTHON={named}" if named else f"the trainer's environment {python.parent.parent}"
    if not (python.is_file() and os.access(python, os.X_OK)):
        raise TrainerError(
            f"{what} is not there: run `make train-env`, or name a Python with torch in GEM_TRAIN_PYTHON"
        )
    asked = subprocess.run(
        [str(python), "-c", _ASK, *_NEEDED],
        capture_output=True,
        text=True,
        env=clean(configuration.child_environment),
        check=False,
    )
    if asked.returncode:
        said = (asked.stderr.strip().splitlines() or ["it does not start"])[-1]
        raise TrainerError(f"{what} cannot train ({said}): run `make train-env` again")
    return Trainer(python, json.loads(asked.stdout))


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Blank what would lead another Python to this one's packages, and every key of a model.

    Blank and not left out, because whoever starts the process may add its own variables again.
    """
    blank = {
        name: ""
        for name in (*environment, *os.environ)
        if name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV") or name.endswith("_API_KEY")
    }
    return _KEEP_MEMORY | dict(environment) | blank
