"""Drives tau2-bench's own simulations and its own scoring, out of a checkout. Imports nothing of ours.

    python tau2_driver.py JOB.json        # what to do stands in the job, what came of it in the file it names

Written for v0.2.0, whose rewards need no judge, and for v1.0. Each simulation is the harness's own for one
task, with the seeds its command line would give it.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
import gc
import hashlib
import json
import os
import platform
import random
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import confinement

# What the harness's command line sets where nothing is said.
TEMPERATURE, MAX_STEPS, MAX_ERRORS, SEED = 0.0, 200, 10, 300
DATA = ("domains/{}/db.json", "domains/{}/policy.md", "domains/{}/tasks.json", "user_simulator/*.md")
START = "2026-01-01T00:00:00"


def main() -> None:
    """Do the job."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    tasks = {"describe": describe, "simulate": simulate, "scale": scale}
    answer = tasks[job["task"]](job)
    out = Path(job["out"])
    out.with_suffix(".part").write_text(json.dumps(answer), "utf-8")
    out.with_suffix(".part").replace(out)


def describe(job: dict[str, Any]) -> dict[str, Any]:
    """Say which checkout it is, and list a domain's tasks; without importing it."""
    checkout, domain = Path(job["checkout"]), job["domain"]
    data = checkout / "data" / "tau2"
    files = [path for pattern in DATA for path in data.glob(pattern.format(domain))]
    tasks = json.loads((data / "domains" / domain / "tasks.json").read_text("utf-8"))
    return {
        "package_hash": _hash((checkout / "src").rglob("*.py")),
        "data_hash": _hash(files),
        "python": platform.python_version(),
        "ids": [str(task["id"]) for task in tasks],
        "gold_actions": {str(task["id"]): len(_criteria(task).get("actions") or []) for task in tasks},
    }


def simulate(job: dict[str, Any]) -> dict[str, Any]:
    """Let the model and the simulated user talk, every task as often as there are trials."""
    tasks = _enter(job, job["port"])
    if "judge" in job["urls"]:
        _set_judge(job)
    run_one = _simulated_v0 if job["profile"] == "v0.2" else _simulated_v1
    random.seed(SEED)
    seeds = [random.randint(0, 1000000) for _ in range(job["trials"])]
    results, lock = Path(job["results"]), threading.Lock()

    def run(task: Any, trial: int) -> None:  # noqa: ANN401
        row: dict[str, Any] = {"task_id": task.id, "trial": trial, "seed": seeds[trial]}
        try:
            simulation = run_one(job, task, seeds[trial])
            row |= {"error": None, "simulation": simulation.model_dump(mode="json")}
        except Exception as error:  # a simulation that broke is told, the others go on
            told = f"{type(error).__name__}: {error}"[:2000]
            row |= {"error": told, "simulation": None, "by_model": _is_models_doing(error)}
        with lock, results.open("a") as file:
            file.write(json.dumps(row) + "\n")

    with ThreadPoolExecutor(job["threads"]) as pool:
        for trial in range(job["trials"]):
            for task in tasks:
                pool.submit(run, task, trial)
    return {"simulated": len(tasks) * job["trials"]}


def _is_models_doing(error: Exception) -> bool:
    """Tell whether the harness stumbled over what the model wrote: a call that is no JSON object, or nothing.

    It comes to grief over these, so a run with one such answer would never end. What a request fails of
    passes through litellm.
    """
    if str(error).startswith("AssistantMessage must have"):
        return True
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return any(file.endswith("/agent/llm_agent.py") for file in files) and not any(
        "/litellm/" in file for file in files
    )


def _simulated_v0(job: dict[str, Any], task: Any, seed: int) -> Any:  # noqa: ANN401
    from tau2.run import run_task

    return run_task(domain=job["domain"], task=task, seed=seed, **_sides(job))


def _simulated_v1(job: dict[str, Any], task: Any, seed: int) -> Any:  # noqa: ANN401
    from tau2.data_model.simulation import TextRunConfig
    from tau2.run import run_single_task

    return run_single_task(TextRunConfig(domain=job["domain"], **_sides(job)), task, seed=seed)


def _sides(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "agent": "llm_agent",
        "user": "user_simulator",
        "llm_agent": "openai/agent",
        "llm_args_agent": _asked_at(job, "agent"),
        "llm_user": "openai/user",
        "llm_args_user": _asked_at(job, "user"),
        "max_steps": MAX_STEPS,
        "max_errors": MAX_ERRORS,
    }


def _set_judge(job: dict[str, Any]) -> None:
    """Let v1 ask our judge: which one it asks is a constant, no option."""
    from tau2.evaluator import evaluator_nl_assertions as judging

    judging.DEFAULT_LLM_NL_ASSERTIONS = "openai/judge"
    judging.DEFAULT_LLM_NL_ASSERTIONS_ARGS = _asked_at(job, "judge")


def scale(job: dict[str, Any]) -> dict[str, Any]:
    """Score, by the harness's evaluator, the expected actions of each task, and doing nothing."""
    tasks = _enter(job, None)
    rewards = {
        str(task.id): {
            "oracle": _reward(job, task, oracle=True),
            "mute": _reward(job, task, oracle=False),
        }
        for task in tasks
    }
    return {"rewards": rewards}


def _reward(job: dict[str, Any], task: Any, *, oracle: bool) -> float:  # noqa: ANN401
    from tau2.data_model.message import AssistantMessage, UserMessage
    from tau2.data_model.simulation import SimulationRun, TerminationReason
    from tau2.evaluator.evaluator import EvaluationType, evaluate_simulation

    messages: list[Any] = [UserMessage(role="user", content="I need your help.")]
    if oracle:
        messages += _gold_calls(job["domain"], task)
        told = task.evaluation_criteria.communicate_info or []
        messages.append(AssistantMessage(role="assistant", content=" ".join(["Done.", *told])))
    messages.append(UserMessage(role="user", content="###STOP###"))
    simulation = SimulationRun(
        id=str(task.id),
        task_id=task.id,
        start_time=START,
        end_time=START,
        duration=0.0,
        termination_reason=TerminationReason.USER_STOP,
        messages=messages,
    )
    # What v1 has a judge say about the words has no place on the scale: the oracle has calls, no words.
    everything = job["profile"] == "v0.2"
    found = evaluate_simulation(
        simulation=simulation,
        task=task,
        evaluation_type=EvaluationType.ALL if everything else EvaluationType.ENV,
        solo_mode=False,
        domain=job["domain"],
    )
    return found.reward


def _gold_calls(domain: str, task: Any) -> list[Any]:  # noqa: ANN401
    from tau2.data_model.message import AssistantMessage, ToolCall
    from tau2.registry import registry

    environment = registry.get_env_constructor(domain)()
    messages: list[Any] = []
    for number, action in enumerate(task.evaluation_criteria.actions or []):
        call = ToolCall(id=f"call_{number}", name=action.name, arguments=action.arguments)
        messages.append(AssistantMessage(role="assistant", content=None, tool_calls=[call]))
        messages.append(environment.get_response(call))
    return messages


def _asked_at(job: dict[str, Any], who: str) -> dict[str, Any]:
    # No second tries here: the relay has tried as often as it is worth.
    return {
        "temperature": TEMPERATURE,
        "api_base": job["urls"][who],
        "api_key": os.environ["OPENAI_API_KEY"],
        "num_retries": 0,
        "max_retries": 0,
    }


def _enter(job: dict[str, Any], port: int | None) -> list[Any]:
    """Shut this process in and import the harness out of its checkout; gives the tasks that are wanted."""
    confinement.die_with_parent()
    confinement.limit_resources()
    checkout = Path(job["checkout"])
    os.environ |= {"TAU2_DATA_DIR": str(checkout / "data"), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    sys.path.insert(0, str(checkout / "src"))
    from loguru import logger
    from tau2.run import get_tasks

    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    wanted = set(job["ids"])
    tasks = [task for task in get_tasks(job["domain"]) if str(task.id) in wanted]
    confinement.shut_in(Path(job["scratch"]), port)
    # The evaluator loads the whole database several times for each task; a collector that walks through all
    # that was imported each time takes two thirds of the processor time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    return tasks


def _criteria(task: dict[str, Any]) -> dict[str, Any]:
    return task.get("evaluation_criteria") or {}


def _hash(paths: Any) -> str:  # noqa: ANN401 - paths in any collection
    found = hashlib.sha256()
    for path in sorted(set(paths)):
        found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:20]


if __name__ == "__main__":
    main()
