"""Have a model serve tau2-bench's simulated users: the harness runs them, relays answer both sides.

Running it again asks nothing that was answered. Does not belong here: which checkout (`tau2.py`), scoring.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.evaluation.answering import Answering, count_answering
from gem_assets.evaluation.benchmark_files import part_metadata, write_part
from gem_assets.evaluation.evaluated_models import EvaluatedModel, EvaluationError
from gem_assets.evaluation.harness_process import run_driver, scratch_folder
from gem_assets.evaluation.progress import Tell, Telling
from gem_assets.evaluation.relay_server import REFUSED, RelayServer, serving
from gem_assets.evaluation.tau2 import DRIVER, Tau2, open_tau2, read_judge
from gem_assets.llm.relay import Thinking, open_relays
from gem_assets.llm.roles import RoleSettings
from gem_assets.records.base import content_hash
from gem_assets.store.home import Home

AGENT, USER, JUDGE = "tau2_agent", "tau2_user", "tau2_judge"
"""Names of the relays, and of the calls in the journal."""
UNREADABLE = "unreadable_answer"
"""How a conversation ended in which the model wrote a call that is no JSON object, or nothing at all."""
TABLE, FACTS = "tau2_simulations", "simulation"
TRIALS = 4


@dataclass(frozen=True, kw_only=True)
class Simulation(Answering):
    """A model's conversations in a domain. Requests, tokens and cost are of all sides."""

    domain: str
    tasks: int
    trials: int
    user_model: str
    judge_model: str | None = None

    @property
    def wanted(self) -> str:
        """Say how many of what."""
        return f"{self.tasks * self.trials} simulations of {self.domain}"


async def simulate(
    configuration: RunConfiguration,
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
    home, budget = configuration.home, configuration.models.budget(run_id)
    with scratch_folder(home, f"{evaluated.name}={domain}") as scratch:
        tau2 = await open_tau2(configuration, domain, scratch)
        _refuse_mixing(home, evaluated.name, tau2)
        roles = _roles(configuration, evaluated, tau2)
        ids = tau2.ids[:limit]
        telling = Telling(f"{evaluated.name} {domain}", len(ids) * TRIALS, tell)
        job = tau2.job("simulate", ids) | {"threads": threads, "trials": TRIALS}
        began = time.monotonic()
        async with (
            open_relays(roles, budget, home.root, run_id, tau2.package.replace(" ", "@")) as relays,
            serving(relays) as server,
        ):
            lines = await _talk(tau2, job, scratch, server, telling)
    others = {task: settings.identity for task, settings, _ in roles[1:]}
    named = {"evaluated_model": evaluated.name, "domain": domain, "run_id": run_id}
    named |= {"settings_hash": content_hash([evaluated.settings_hash, *others.values()])}
    rows = [named | _row(line) for line in lines]
    found = _summary(tau2, rows, server, len(ids), others, time.monotonic() - began)
    write_part(home, TABLE, evaluated.name, domain, rows, {FACTS: json.dumps(asdict(found))})
    return found


def _roles(
    configuration: RunConfiguration, evaluated: EvaluatedModel, tau2: Tau2
) -> list[tuple[str, RoleSettings, Thinking]]:
    """List who answers: the model, the simulated user and, where the version asks one, the judge."""
    roles: list[tuple[str, RoleSettings, Thinking]] = [
        (AGENT, evaluated.role_settings(configuration), evaluated.thinking),
        (USER, configuration.models.role("user_simulator"), "default"),
    ]
    return [*roles, (JUDGE, read_judge(configuration), "default")] if tau2.is_judged else roles


def _refuse_mixing(home: Home, name: str, tau2: Tau2) -> None:
    """Keep scores of two versions apart that cannot be compared: a name has one of them."""
    facts = part_metadata(home, TABLE, name, tau2.domain).get(FACTS)
    before = json.loads(facts)["package"] if facts else tau2.package
    if not before.startswith(f"tau2-bench {tau2.profile.versions}"):
        raise EvaluationError(
            f"{name} was simulated on {tau2.domain} with {before}, whose scores cannot be compared with "
            f"those of {tau2.package}: give this evaluation another --name"
        )


async def _talk(
    tau2: Tau2, job: Mapping[str, Any], scratch: Path, server: RelayServer, telling: Telling
) -> list[dict[str, Any]]:
    results = scratch / "simulations.jsonl"
    urls = {task.removeprefix("tau2_"): server.url(task) for task in server.tallies}
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
    others: Mapping[str, str],
    seconds: float,
) -> Simulation:
    tallies = dict(server.tallies)
    asked = tallies.pop(AGENT)
    return Simulation(
        domain=tau2.domain,
        tasks=tasks,
        whole=len(tau2.ids),
        trials=TRIALS,
        package=tau2.package,
        data_hash=tau2.data_hash,
        user_model=others[USER],
        judge_model=others.get(JUDGE),
        **count_answering(rows, tasks * TRIALS, asked, tallies.values(), seconds),
    )


def _row(line: Mapping[str, Any]) -> dict[str, Any]:
    simulation = line["simulation"] or {}
    reward = simulation.get("reward_info") or {}
    parts = reward.get("reward_breakdown") or {}
    messages = simulation.get("messages") or []
    # An answer the harness cannot read ends the conversation: the model failed, the simulation did not break.
    unreadable = line.get("by_model", False)
    error = None if unreadable else line["error"]
    refused = error is not None and f"{REFUSED} {AGENT}" in error
    return {
        "task_id": str(line["task_id"]),
        "trial": line["trial"],
        "seed": line["seed"],
        # What a server refuses the model to say (too long, filtered) is the model's failure, and counted.
        "reward": 0.0 if refused or unreadable else reward.get("reward"),
        "termination": UNREADABLE if unreadable else simulation.get("termination_reason"),
        "database_right": parts["DB"] == 1 if "DB" in parts else None,
        "told_all": parts["COMMUNICATE"] == 1 if "COMMUNICATE" in parts else None,
        "calls": sum(len(m.get("tool_calls") or []) for m in messages if m.get("role") == "assistant"),
        "messages": json.dumps(messages, ensure_ascii=True) if messages else None,
        "error_kind": None if error is None else "refused" if refused else "failed",
        "error": error,
    }


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()] if path.is_file() else []
