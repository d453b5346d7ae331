"""What simulating and scoring share about tau2-bench: its Python, a checkout of it, its tasks, its versions.

tau2-bench has no package: its source comes from a checkout that GEM_TAU2_CHECKOUT names. v0.2 is the paper's;
v1 is driven too, but it changed tasks and lets a judge decide, so its scores are marked as not comparable.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.evaluation.evaluated_models import EvaluationError
from gem_assets.evaluation.harness_process import find_python, run_driver
from gem_assets.llm.roles import RoleSettings

DRIVER = "tau2_driver.py"
PYTHON, ENVIRONMENT = "GEM_TAU2_PYTHON", ".venv-tau2"
CHECKOUT = "GEM_TAU2_CHECKOUT"
_VERSION = re.compile(r'^version = "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Profile:
    """A line of versions: what is known of its rewards."""

    name: str
    versions: str
    """What its versions begin with."""
    floors: Mapping[str, tuple[int, int]]
    """Tasks that doing nothing solves, of how many; a domain that was not measured is left out."""
    judged: frozenset[str] = frozenset()
    """Domains whose rewards a judge has a say in: the role `judge`."""
    python: tuple[int, int] = (3, 10)
    incomparable: str | None = None
    """Why its scores cannot stand beside the paper's."""


PROFILES = (
    # 38.0 % and 6.1 %.
    Profile(name="v0.2", versions="0.2.", floors={"airline": (19, 50), "retail": (7, 114)}),
    # Its floor is of the database alone: a judge has no say in the scale.
    Profile(
        name="v1",
        versions="1.0.",
        floors={"retail": (11, 114)},
        judged=frozenset({"retail"}),
        python=(3, 12),
        incomparable="tau2-bench v1 has other tasks and rewards than the paper's v0.2",
    ),
)


@dataclass(frozen=True)
class Checkout:
    """A folder that holds tau2-bench."""

    path: Path
    version: str
    profile: Profile

    def lacking(self, domain: str) -> str | None:
        """Say what it lacks of a domain; None where it is whole."""
        path = self.path / "data" / "tau2" / "domains" / domain / "db.json"
        if path.is_file():
            return None
        return f"{self.path} lacks {path.relative_to(self.path)}, as partial copies do: clone it whole"


@dataclass(frozen=True)
class Tau2:
    """A checkout and its Python, and the tasks of one domain in their order."""

    python: Path
    checkout: Checkout
    domain: str
    package_hash: str
    data_hash: str
    python_version: str
    gold_actions: Mapping[str, int]

    @property
    def package(self) -> str:
        """Name and version."""
        return f"tau2-bench {self.checkout.version}"

    @property
    def profile(self) -> Profile:
        """What is known of its version."""
        return self.checkout.profile

    @property
    def is_judged(self) -> bool:
        """Whether a judge has a say in its rewards."""
        return self.domain in self.profile.judged

    @property
    def ids(self) -> tuple[str, ...]:
        """All tasks."""
        return tuple(self.gold_actions)

    def job(self, task: str, ids: Sequence[str]) -> dict[str, Any]:
        """Write what every job of the driver says."""
        told = {"task": task, "domain": self.domain, "checkout": str(self.checkout.path), "ids": list(ids)}
        return told | {"profile": self.profile.name}


def find_checkout(named: Path | None) -> Checkout:
    """Look at the checkout that is named; raises EvaluationError where it cannot be driven."""
    if named is None:
        raise EvaluationError(
            f"set {CHECKOUT} to a checkout of sierra-research/tau2-bench at v0.2.0: it has no package"
        )
    path = named.expanduser().absolute()
    if not (path / "src" / "tau2" / "run.py").is_file():
        raise EvaluationError(f"{CHECKOUT}={named} holds no tau2-bench: there is no src/tau2/run.py in it")
    project = path / "pyproject.toml"
    found = _VERSION.search(project.read_text("utf-8")) if project.is_file() else None
    version = found[1] if found else "unknown"
    profile = next((one for one in PROFILES if version.startswith(one.versions)), None)
    if profile is None:
        known = " and ".join(f"{one.versions}x" for one in PROFILES)
        raise EvaluationError(f"{path} is tau2-bench {version}, and {known} are driven: check out v0.2.0")
    return Checkout(path, version, profile)


async def open_tau2(configuration: RunConfiguration, domain: str, scratch: Path) -> Tau2:
    """Look at a domain of the checkout; raises EvaluationError where it cannot be driven."""
    checkout = find_checkout(configuration.tau2_checkout)
    lacking = checkout.lacking(domain)
    if lacking is not None:
        raise EvaluationError(lacking)
    python = find_python(configuration.tau2_python, PYTHON, ENVIRONMENT)
    told = await run_driver(
        python, DRIVER, {"task": "describe", "domain": domain, "checkout": str(checkout.path)}, scratch
    )
    needed = checkout.profile.python
    if tuple(map(int, told["python"].split(".")[:2])) < needed:
        raise EvaluationError(
            f"tau2-bench {checkout.version} needs Python {needed[0]}.{needed[1]}: install it into an "
            f"environment of its own and set {PYTHON} to that environment's Python, not {python}"
        )
    return Tau2(
        python=python,
        checkout=checkout,
        domain=domain,
        package_hash=told["package_hash"],
        data_hash=told["data_hash"],
        python_version=told["python"],
        gold_actions=told["gold_actions"],
    )


def read_judge(configuration: RunConfiguration) -> RoleSettings:
    """Read the role of the judge that v1 asks; raises EvaluationError where none is set."""
    judge = configuration.models.role("judge")
    if judge.is_offline:
        raise EvaluationError("tau2-bench v1 has a judge decide about retail: set GEM_JUDGE_MODEL to one")
    return judge
