"""What generating and scoring share about BFCL V3 multi-turn: its Python, its entries, what is installed.

The four categories are V3's; the package files them under V4 names.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.evaluation.evaluated_models import EvaluatedModel, EvaluationError
from gem_assets.evaluation.harness_process import find_python, run_driver

DRIVER = "bfcl_driver.py"
PYTHON = "GEM_BFCL_PYTHON"
ENVIRONMENT = ".venv-eval"
TASK = "bfcl"
"""Name of the relay, and of the calls in the journal."""
TEMPERATURE = 0.001
"""BFCL's own default, where the model's settings say nothing."""


@dataclass(frozen=True)
class Bfcl:
    """An installed harness, and the entries of one category in their order."""

    python: Path
    category: str
    package: str
    package_hash: str
    data_hash: str
    python_version: str
    ids: tuple[str, ...]

    @property
    def harness_category(self) -> str:
        """The category's name in the package."""
        return f"multi_turn_{self.category}"

    def first(self, limit: int | None) -> tuple[str, ...]:
        """Take the first entries, or all."""
        return self.ids if limit is None else self.ids[:limit]

    def job(self, task: str, ids: tuple[str, ...], evaluated: EvaluatedModel) -> dict[str, Any]:
        """Write what every job of the driver says."""
        # A name of ours: one that is made of the model's could break the scoring. FC switches the mode.
        name = "gem-FC" if evaluated.mode == "fc" else "gem"
        shared = {"task": task, "category": self.harness_category, "ids": list(ids)}
        return {**shared, "name": name, "mode": evaluated.mode}


async def open_bfcl(configuration: RunConfiguration, category: str, scratch: Path) -> Bfcl:
    """Look at the installed harness; raises EvaluationError where there is none."""
    python = find_python(configuration.bfcl_python, PYTHON, ENVIRONMENT)
    told = await run_driver(
        python, DRIVER, {"task": "describe", "category": f"multi_turn_{category}"}, scratch
    )
    if not told["ids"]:
        raise EvaluationError(f"the installed {told['package']} has no entries of {category}")
    return Bfcl(
        python=python,
        category=category,
        package=told["package"],
        package_hash=told["package_hash"],
        data_hash=told["data_hash"],
        python_version=told["python"],
        ids=tuple(told["ids"]),
    )
