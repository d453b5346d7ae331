"""Have a model serve tau2-bench's simulated users: the harness runs them, relays answer both sides.

tau2-bench has no package: its source comes from a checkout that GEM_TAU2_CHECKOUT names. Only v0.2 is
driven: later versions changed tasks and let a judge decide, so their scores are not the paper's.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gem_assets.evaluation.benchmark_files import write_part
from gem_assets.evaluation.evaluated_models import EvaluatedModel, EvaluationError
from gem_assets.evaluation.harness_process import find_python, run_driver, scratch_folder
from gem_assets.evaluation.progress import Tell, Telling
from gem_assets.evaluation.relay_server import REFUSED, RelayServer, serving
from gem_assets.llm.relay import Thinking, open_relays
from gem_assets.llm.roles import RoleSettings, read_role
from gem_assets.records.base import content_hash
from gem_assets.settings import Settings
from gem_assets.store.home import Home

DRIVER = "tau2_driver.py"
PYTHON, ENVIRONMENT = "GEM_TAU2_PYTHON", ".venv-tau2"
CHECKOUT = "GEM_TAU2_CHECKOUT"
AGENT, USER = "tau2_agent", "tau2_user"
"""Names of the relays, and of the calls in the journal."""
TABLE, FACTS = "tau2_simulations", "simulation"
TRIALS = 4


@dataclass(frozen=True)
class Tau2:
    """A checkout, and the tasks of one domain in their order."""

    python: Path
    checkout: Path
    domain: str
    version: str
    package_hash: str
    data_hash: str
    python_version: str
    gold_actions: Mapping[str, int]

    @property
    def package(self) -> str:
        """Name and version."""
        return f"tau2-bench {self.version}"

    @property
    def ids(self) -> tuple[str, ...]:
        """All tasks."""
        return tuple(self.gold_actions)

    def job(self, task: str, ids: Sequence[str]) -> dict[str, Any]:
        """Write what every job of the driver says."""
        return {"task": task, "domain": self.domain, "checkout": str(self.checkout), "ids": list(ids)}


@dataclass(frozen=True)
class Simulation:
    """What came of it. Tokens and cost are of both sides, whenever they were bought; seconds of this run."""

    domain: str
    tasks: int
    whole: int
    trials: int
    failed: int
    refused: int
    unparsed: int
    requests: int
    bought: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float
    package: str
    data_hash: str
    user_model: str
    errors: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise EvaluationError where simulations broke: they are not unsolved."""
        if self.failed:
            raise EvaluationError(
                f"{self.failed} of {self.tasks * self.trials} simulations of {self.domain} broke "
                f"({self.errors[0]}): run it again, what was answered is journaled"
            )


def find_checkout(environment: Mapping[str, str]) -> Path:
    """Find the checkout; raises EvaluationError where the variable names none."""
    said = environment.get(CHECKOUT, "").strip()
    if not said:
        raise EvaluationError(
            f"set {CHECKOUT} to a checkout of sierra-research/tau2-bench at v0.2.0: it has no package"
        )
    checkout = Path(said).expanduser().absolute()
    if not (checkout / "src" / "tau2" / "run.py").is_file():
        raise EvaluationError(f"{CHECKOUT}={said} holds no tau2-bench: there is no src/tau2/run.py in it")
    return checkout


async def open_tau2(environment: Mapping[str, str], domain: str, scratch: Path) -> Tau2:
    """Look at the checkout; raises EvaluationError where it cannot be driven, or is not comparable."""
    checkout = find_checkout(environment)
    python = find_python(environment, PYTHON, ENVIRONMENT)
    told = await run_driver(
        python, DRIVER, {"task": "describe", "domain": domain, "checkout": str(checkout)}, scratch
    )
    if not told["version"].startswith("0.2."):
        raise EvaluationError(
            f"{checkout} is tau2-bench {told['version']}, whose scores are not comparable with the paper's: "
            "check out v0.2.0"
        )
    if not told["has_database"]:
        raise EvaluationError(f"{checkout} lacks data/tau2/domains/{domain}/db.json: clone it whole")
    return Tau2(
        python=python,
        checkout=checkout,
        domain=domain,
        version=told["version"],
        package_hash=told["package_hash"],
        data_hash=told["data_hash"],
        python_version=told["python"],
        gold_actions=told["gold_actions"],
    )


async def simulate(
    settings: Settings,
    environment: Mapping[str, str],
    evaluated: EvaluatedModel,
    domain: str,
    run_id: str,
    *,
    limit: int | None = None,
    threads: int = 4,
    tell: Callable[[Tell], None] = lambda tell: None,
) -> Simulation:
    """Run every task four times and write the conversations down.

    Raises:
        EvaluationError: the harness is not there or broke; no request can succeed.
        ConfigurationError: a variable of the policy or the user simulator is wrong.
    """
    home = Home(settings.home)
    user = read_role("user_simulator", environment)
    roles: list[tuple[str, RoleSettings, Thinking]] = [
        (AGENT, evaluated.role_settings(environment), evaluated.thinking),
        (USER, user, "default"),
    ]
    with scratch_folder(home, f"{evaluated.name}={domain}") as scratch:
        tau2 = await open_tau2(environment, domain, scratch)
        ids = tau2.ids[:limit]
        telling = Telling(f"{evaluated.name} {domain}", len(ids) * TRIALS, tell)
        job = tau2.job("simulate", ids) | {"threads": threads, "trials": TRIALS}
        began = time.monotonic()
        async with (
            open_relays(roles, environment, home.root, run_id, tau2.package.replace(" ", "@")) as relays,
            serving(relays) as server,
        ):
            lines = await _talk(tau2, job, scratch, server, telling)
        named = {"evaluated_model": evaluated.name, "domain": domain, "run_id": run_id}
        named |= {"settings_hash": settings_hash(evaluated, user.identity)}
        rows = [named | _row(line) for line in lines]
    found = _summary(tau2, rows, server, len(ids), user.identity, time.monotonic() - began)
    write_part(home, TABLE, evaluated.name, domain, rows, {FACTS: json.dumps(asdict(found))})
    return found


def settings_hash(evaluated: EvaluatedModel, user_identity: str) -> str:
    """Fingerprint of what shapes a conversation: both sides of it."""
    return content_hash([evaluated.settings_hash, user_identity])


async def _talk(
    tau2: Tau2, job: Mapping[str, Any], scratch: Path, server: RelayServer, telling: Telling
) -> list[dict[str, Any]]:
    results = scratch / "simulations.jsonl"
    urls = {"agent": server.url(AGENT), "user": server.url(USER)}
    order = {**job, "port": server.port, "urls": urls, "results": str(results)}

    async def watch() -> str | None:
        telling.tell(len(_lines(results)), *server.tallies.values())
        return server.stopped

    await run_driver(tau2.python, DRIVER, order, scratch, {"OPENAI_API_KEY": server.token}, watch)
    if server.stopped is not None:
        raise EvaluationError(server.stopped)
    return [json.loads(line) for line in _lines(results)]


def _summary(
    tau2: Tau2,
    rows: Sequence[Mapping[str, Any]],
    server: RelayServer,
    tasks: int,
    user_model: str,
    seconds: float,
) -> Simulation:
    failed = [row for row in rows if row["error_kind"] == "failed"]
    missing = tasks * TRIALS - len(rows)
    tallies = list(server.tallies.values())
    costs = [tally.cost for tally in tallies]
    return Simulation(
        domain=tau2.domain,
        tasks=tasks,
        whole=len(tau2.ids),
        trials=TRIALS,
        failed=len(failed) + missing,
        refused=sum(row["error_kind"] == "refused" for row in rows),
        unparsed=server.tallies[AGENT].unparsed,
        requests=sum(tally.requests for tally in tallies),
        bought=sum(tally.bought for tally in tallies),
        input_tokens=sum(tally.input_tokens for tally in tallies),
        output_tokens=sum(tally.output_tokens for tally in tallies),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        seconds=round(seconds, 1),
        package=tau2.package,
        data_hash=tau2.data_hash,
        user_model=user_model,
        errors=tuple(
            [row["error"] for row in failed[:3]] + ["the harness wrote nothing about some"] * bool(missing)
        ),
    )


def _row(line: Mapping[str, Any]) -> dict[str, Any]:
    simulation = line["simulation"] or {}
    reward = simulation.get("reward_info") or {}
    parts = reward.get("reward_breakdown") or {}
    messages = simulation.get("messages") or []
    error = line["error"]
    refused = error is not None and f"{REFUSED} {AGENT}" in error
    return {
        "task_id": str(line["task_id"]),
        "trial": line["trial"],
        "seed": line["seed"],
        # What a server refuses the model to say (too long, filtered) is the model's failure, and counted.
        "reward": 0.0 if refused else reward.get("reward"),
        "termination": simulation.get("termination_reason"),
        "database_right": parts["DB"] == 1 if "DB" in parts else None,
        "told_all": parts["COMMUNICATE"] == 1 if "COMMUNICATE" in parts else None,
        "calls": sum(len(m.get("tool_calls") or []) for m in messages if m.get("role") == "assistant"),
        "messages": json.dumps(messages, ensure_ascii=True) if messages else None,
        "error_kind": None if error is None else "refused" if refused else "failed",
        "error": error,
    }


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()] if path.is_file() else []
