"""Plays a model in BFCL's conversations: the oracle, the mute, or one that errs where it is told.

It reads questions and true answers out of the installed package and finds its place by the user's messages.
It is no model: what it says is the benchmark's own answer.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from gem_assets.evaluation.benchmark_files import PARTS
from gem_assets_tests.stub_server import Answer, Fault, Reply

sys.path.append(str(Path(__file__).parents[2] / "gem_assets" / "evaluation" / "harness"))
import bfcl_replay

NEW_FUNCTIONS = "I have updated some more functions you can choose from. What about now?"

Turns = list[list[Any]]
Change = Callable[[str, Turns], Turns]


def package_folder(python: Path) -> Path:
    code = "import importlib.util as i; print(list(i.find_spec('bfcl_eval').submodule_search_locations)[0])"
    return Path(
        subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    )


class Player:
    """Answers as the oracle would, but for what `change` makes of an entry's turns."""

    def __init__(
        self,
        package: Path,
        category: str,
        change: Change = lambda entry, turns: turns,
        mode: Literal["fc", "prompt"] = "fc",
    ) -> None:
        data = package / "data"
        tools = [tool for path in (data / "multi_turn_func_doc").glob("*.json") for tool in _lines(path)]
        truths = {
            row["id"]: row["ground_truth"] for row in _lines(data / "possible_answer" / _file(category))
        }
        self._turns: dict[tuple[str, ...], Turns] = {}
        self._entries: dict[tuple[str, ...], str] = {}
        for entry in _lines(data / _file(category)):
            result = bfcl_replay.oracle_result(truths[entry["id"]], tools, mode)
            said = [turn[0]["content"] if turn else NEW_FUNCTIONS for turn in entry["question"]]
            self._turns[tuple(said)] = change(entry["id"], result)
            self._entries[tuple(said)] = entry["id"]

    def __call__(self, request: dict[str, Any]) -> str | Reply | Fault:
        heard, last = _heard(request)
        step = sum(m["role"] == "assistant" for m in request["messages"][last:])
        turns = next(turns for said, turns in self._turns.items() if said[: len(heard)] == heard)
        answer = turns[len(heard) - 1][step]
        return answer if isinstance(answer, str | Reply | Fault) else calling(answer)

    def entry(self, request: dict[str, Any]) -> str:
        """The entry that a request belongs to."""
        heard, _ = _heard(request)
        return next(entry for said, entry in self._entries.items() if said[: len(heard)] == heard)


def _heard(request: dict[str, Any]) -> tuple[tuple[str, ...], int]:
    asked = [number for number, m in enumerate(request["messages"]) if _is_question(m)]
    return tuple(request["messages"][number]["content"] for number in asked), asked[-1]


def calling(calls: list[dict[str, str]]) -> Reply:
    told = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, call in enumerate(calls)
        for name, arguments in call.items()
    ]
    return Reply(None, finish_reason="tool_calls", tool_calls=told)


def mute(request: dict[str, Any]) -> str:
    return bfcl_replay.NOTHING_TO_DO


def _is_question(message: dict[str, Any]) -> bool:
    """Tell a user's words from results, which prompt mode hands over as the user's."""
    return message["role"] == "user" and not message["content"].startswith("[{'role': 'tool'")


def _file(category: str) -> str:
    assert category in PARTS["bfcl"]
    return f"BFCL_v4_multi_turn_{category}.json"


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


__all__ = ["Answer", "Player", "calling", "mute", "package_folder"]
