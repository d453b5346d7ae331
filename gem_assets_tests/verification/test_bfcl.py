"""An outside check: BFCL's ground-truth calls, executed on its own backends, where `bfcl_eval` is installed.

`GEM_BFCL_PYTHON` names a Python that has it (`pip install --no-deps bfcl-eval filelock mpmath`).
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.verification.schema.schema import find_bad_arguments
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.verification.dialogues import verify
from gem_assets_tests.verification.test_context import GENERIC

PYTHON = os.environ.get("GEM_BFCL_PYTHON") or (
    sys.executable if importlib.util.find_spec("bfcl_eval") else None
)

pytestmark = pytest.mark.skipif(
    PYTHON is None, reason="bfcl_eval is not installed; GEM_BFCL_PYTHON names none"
)


@pytest.fixture(scope="module")
def runs() -> list[dict[str, Any]]:
    script = Path(__file__).with_name("bfcl_runs.py")
    done = subprocess.run([str(PYTHON), str(script)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_exactly_two_ground_truth_calls_break_their_schema(runs: list[dict[str, Any]]):
    calls, broken = 0, []
    for run in runs:
        view = TrajectoryView(tools_of(run), messages_of(run))
        calls += len(view.interactions)
        broken.extend(find_bad_arguments(view))
    assert (len(runs), calls, len(broken)) == (400, 2345, 2)
    assert all("ticket_001" in finding.evidence for finding in broken)


@pytest.mark.parametrize("system", ["", *GENERIC])
def test_executed_trajectories_raise_no_error(runs: list[dict[str, Any]], system: str):
    before = [Message(role="system", content=system)] if system else []
    alarmed = [run["id"] for run in runs if verify(tools_of(run), [*before, *messages_of(run)]).errors]
    assert len(alarmed) <= 0.01 * len(runs), alarmed


def tools_of(run: dict[str, Any]) -> list[Tool]:
    return [Tool.model_validate(tool) for tool in run["tools"]]


def messages_of(run: dict[str, Any]) -> list[Message]:
    return [Message.model_validate(message) for message in run["messages"]]
