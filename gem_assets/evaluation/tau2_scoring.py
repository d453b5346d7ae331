"""Turn tau2-bench's rewards into the metrics that are reported, once its evaluator has proven itself.

Avg@4 is the mean reward; Pass@k the chance that one of k trials solves a task; pass^k that all k do. With n
trials of which c solved it: 1 - C(n-c, k) / C(n, k) and C(c, k) / C(n, k), averaged over tasks.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import comb
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.evaluation.benchmark_files import drop_part, part_metadata, read_part, write_part
from gem_assets.evaluation.evaluated_models import EvaluatedModel, EvaluationError
from gem_assets.evaluation.harness_process import run_driver, scratch_folder
from gem_assets.evaluation.tau2 import DRIVER, Profile, Tau2, open_tau2
from gem_assets.evaluation.tau2_simulation import FACTS, TABLE, Simulation
from gem_assets.evaluation.verdict import decontamination_verdict
from gem_assets.intervals import wilson
from gem_assets.store.files import write_text
from gem_assets.store.home import Home

_TABLES = ("tau2_scores", "benchmark_runs", "benchmark_scores")
_SPENT = (
    "requests",
    "input_tokens",
    "output_tokens",
    "cost",
    "seconds",
    "refused",
    "user_model",
    "judge_model",
)
_SOLVED = 1 - 1e-6

Rewards = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Tau2Score:
    """A model's metrics on a domain, as shares of its tasks."""

    domain: str
    tasks: int
    whole: int
    metrics: Mapping[str, float]
    oracle: float
    floor: float
    terminations: Mapping[str, int]
    harness: str
    decontamination: str


async def score_tau2(
    configuration: RunConfiguration, evaluated: EvaluatedModel, domain: str, run_id: str
) -> Tau2Score:
    """Score what was simulated, and write it down.

    Raises:
        EvaluationError: nothing was simulated, or not all; the evaluator scores the expected actions or doing
            nothing otherwise than it must. Then no score is left either.
    """
    home = configuration.home
    for table in _TABLES:
        drop_part(home, table, evaluated.name, domain)
    rows = read_part(home, TABLE, evaluated.name, domain)
    facts = part_metadata(home, TABLE, evaluated.name, domain).get(FACTS)
    if not rows or facts is None:
        raise EvaluationError(f"{evaluated.name} was not simulated on {domain} yet: do that first")
    simulation = Simulation(**json.loads(facts))
    simulation.check()
    with scratch_folder(home, f"{evaluated.name}={domain}=score") as scratch:
        tau2 = await open_tau2(configuration, domain, scratch)
        if tau2.data_hash != simulation.data_hash:
            raise EvaluationError(
                f"{domain} was simulated with other data than {tau2.checkout.path} holds: again"
            )
        ids = sorted({row["task_id"] for row in rows}, key=tau2.ids.index)
        rewards = await _scale(home, tau2, ids, scratch)
    check_scale(tau2.profile, domain, rewards)
    verdict = decontamination_verdict(home, evaluated.recipe, "tau2")
    tasks = [_task(task, rows, rewards, tau2) for task in ids]
    found = _score(tau2, simulation, tasks, rows, rewards, verdict)
    named = {"evaluated_model": evaluated.name, "run_id": run_id}
    write_part(home, "tau2_scores", evaluated.name, domain, [named | {"domain": domain} | t for t in tasks])
    _write(home, evaluated, tau2, simulation, found, named)
    return found


def pass_at(trials: int, solved: int, k: int) -> float:
    """Chance that one of k trials out of these solves the task."""
    return 1 - comb(trials - solved, k) / comb(trials, k)


def pass_hat(trials: int, solved: int, k: int) -> float:
    """Chance that all of k trials out of these solve the task."""
    return comb(solved, k) / comb(trials, k)


def check_scale(profile: Profile, domain: str, rewards: Rewards) -> None:
    """Raise EvaluationError unless expected actions are all right, and doing nothing scores as is known."""
    oracle = sum(reward["oracle"] for reward in rewards.values())
    floor = sum(reward["mute"] for reward in rewards.values())
    # Where the floor was not measured yet it need only leave something to be solved.
    solved, tasks = profile.floors.get(domain, (len(rewards) - 1, 0))
    # Over some of the tasks only the most that can be is known.
    right = floor == solved if len(rewards) == tasks else floor <= solved
    if oracle != len(rewards) or not right:
        raise EvaluationError(
            f"tau2-bench {profile.name} cannot be trusted on {domain}: of {len(rewards)} tasks its own "
            f"expected actions solve {oracle:g} and doing nothing {floor:g}, where all and {solved} "
            f"of {tasks or len(rewards)} are right"
        )


async def _scale(home: Home, tau2: Tau2, ids: Sequence[str], scratch: Path) -> Rewards:
    """Score both ends of the scale, each task once for the same code, data and Python: that takes seconds."""
    key = f"{tau2.domain}-{tau2.package_hash}-{tau2.data_hash}-{tau2.python_version}"
    path = home.root / "evaluations" / "scale" / f"{key}.json"
    known: dict[str, dict[str, float]] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    missing = [task for task in ids if task not in known]
    if missing:
        told = await run_driver(tau2.python, DRIVER, tau2.job("scale", missing), scratch)
        known |= told["rewards"]
        write_text(path, json.dumps(known))
    return {task: known[task] for task in ids}


def _task(task: str, rows: Sequence[Mapping[str, Any]], rewards: Rewards, tau2: Tau2) -> dict[str, Any]:
    mine = [row for row in rows if row["task_id"] == task]
    return {
        "task_id": task,
        "trials": len(mine),
        "solved": sum(row["reward"] >= _SOLVED for row in mine),
        "mean_reward": sum(row["reward"] for row in mine) / len(mine),
        "floor": rewards[task]["mute"],
        "gold_actions": tau2.gold_actions[task],
        "calls": sum(row["calls"] for row in mine) / len(mine),
    }


def _score(
    tau2: Tau2,
    simulation: Simulation,
    tasks: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    rewards: Rewards,
    verdict: str,
) -> Tau2Score:
    trials = simulation.trials
    metrics = {f"avg_at_{trials}": _mean([task["mean_reward"] for task in tasks])}
    for k in range(1, trials + 1):
        metrics[f"pass_at_{k}"] = _mean([pass_at(trials, task["solved"], k) for task in tasks])
        metrics[f"pass_hat_{k}"] = _mean([pass_hat(trials, task["solved"], k) for task in tasks])
    endings = [row["termination"] or row["error_kind"] for row in rows]
    return Tau2Score(
        domain=tau2.domain,
        tasks=len(tasks),
        whole=len(tau2.ids),
        metrics=metrics,
        oracle=_mean([rewards[task["task_id"]]["oracle"] for task in tasks]),
        floor=_mean([task["floor"] for task in tasks]),
        terminations={name: endings.count(name) for name in sorted(set(endings))},
        harness=tau2.package,
        decontamination=verdict,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _write(
    home: Home,
    evaluated: EvaluatedModel,
    tau2: Tau2,
    simulation: Simulation,
    found: Tau2Score,
    named: Mapping[str, Any],
) -> None:
    place = {**named, "benchmark": "tau2", "part": tau2.domain}
    run = place | {
        **evaluated.model_dump(include={"model", "base_url", "mode", "thinking", "recipe"}),
        "finished_at": datetime.now(UTC),
        "settings": json.dumps(evaluated.model_dump(mode="json")),
        "settings_hash": evaluated.settings_hash,
        "harness": tau2.package,
        "harness_hash": tau2.package_hash,
        "data_hash": tau2.data_hash,
        "python": tau2.python_version,
        "oracle": found.oracle,
        "floor": found.floor,
        "entries": found.tasks,
        "whole": found.whole,
        **{name: getattr(simulation, name) for name in _SPENT},
        "unparsed_calls": simulation.unparsed,
        "decontamination": found.decontamination,
        "incomparable": tau2.profile.incomparable,
    }
    # Trials of one task resemble each other: the interval counts tasks, which makes it rather too wide.
    scores = [
        place | {"metric": name, "value": value, "low": low, "high": high, "entries": found.tasks}
        for name, value in found.metrics.items()
        for low, high in [wilson(value, found.tasks)]
    ]
    write_part(home, "benchmark_runs", evaluated.name, tau2.domain, [run])
    write_part(home, "benchmark_scores", evaluated.name, tau2.domain, scores)
