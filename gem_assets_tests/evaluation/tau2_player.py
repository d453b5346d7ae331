"""Plays tau2-bench's conversations: a user who names the task, an agent who knows the answer, and v1's judge.

It is no model: the agent's calls are the benchmark's own expected actions.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from gem_assets_tests.evaluation.bfcl_player import calling
from gem_assets_tests.stub_server import Fault, Reply

AGENT, USER, JUDGE = "agent-model", "user-model", "judge-model"


class Conversations:
    """Answers as any of them, told apart by the model that is asked for.

    The agent does nothing in the tasks `idle`, the judge lets none of the tasks `unmet` pass.
    In the tasks `garbled` the agent says what stands there.
    """

    def __init__(
        self,
        checkout: Path,
        domain: str,
        idle: Collection[str] = (),
        unmet: Collection[str] = (),
        garbled: Mapping[str, str | Reply | Fault] | None = None,
    ) -> None:
        path = checkout / "data" / "tau2" / "domains" / domain / "tasks.json"
        self._tasks = {str(task["id"]): task for task in json.loads(path.read_text("utf-8"))}
        self._idle = idle
        self._unmet = unmet
        self._garbled = garbled or {}

    def __call__(self, request: dict[str, Any]) -> str | Reply | Fault:
        if request["model"] == JUDGE:
            return self._judge(request)
        return self._user(request) if request["model"] == USER else self._agent(request)

    def _judge(self, request: dict[str, Any]) -> str:
        told = request["messages"][-1]["content"]
        met = not any(f"user: Task {task}\n" in told for task in self._unmet)
        return json.dumps({"results": [{"expectedOutcome": "it", "reasoning": "so", "metExpectation": met}]})

    def _user(self, request: dict[str, Any]) -> str:
        system, *said = request["messages"]
        if len(said) > 1:
            return "###STOP###"
        # Some tasks say what others say, and more: the one that says the most of what is there.
        told = {key: _told(task) for key, task in self._tasks.items()}
        fitting = [key for key, lines in told.items() if all(line in system["content"] for line in lines)]
        return f"Task {max(fitting, key=lambda key: sum(map(len, told[key])))}"

    def _agent(self, request: dict[str, Any]) -> str | Reply | Fault:
        task = next(m["content"] for m in request["messages"] if m["role"] == "user").removeprefix("Task ")
        criteria = self._tasks[task]["evaluation_criteria"]
        done = sum(m["role"] == "tool" for m in request["messages"])
        actions = criteria["actions"] or []
        if task in self._garbled:
            return self._garbled[task]
        if task in self._idle:
            return "I cannot help with that."
        if done < len(actions):
            return calling([{actions[done]["name"]: json.dumps(actions[done]["arguments"])}])
        return " ".join(["Done.", *(criteria.get("communicate_info") or [])])


def _told(task: dict[str, Any]) -> list[str]:
    """List the lines of what the simulated user is told."""
    return [
        line for text in task["user_scenario"]["instructions"].values() for line in (text or "").splitlines()
    ]
