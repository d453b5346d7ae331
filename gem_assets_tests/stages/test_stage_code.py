"""The code digests of the stages there are: what they reach, and that no file they open is missing."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import gem_assets
from gem_assets.offline.procedural import ANSWERS
from gem_assets.stages import (
    corpus,
    extraction,
    filtering,
    generation,
    refinement,
    synthesis,
    validation,
)
from gem_assets.stages.code_digest import STOPS, code_digest

STAGES: dict[str, Callable[..., object]] = {
    "documents": corpus.read_document,
    "filter": filtering.filter_document,
    "extract": extraction.extract_workflows,
    "generate": generation.generate_trajectory,
    "refine": refinement.refine_trajectory,
    "validate": validation.validate_trajectory,
    "synthesize": synthesis.synthesize_trajectory,
}
ROOTS = STAGES | {f"offline {task}": answer for task, answer in ANSWERS.items()}

WATCHED = """
import asyncio, json, sys

opened, called = set(), {}
sys.addaudithook(lambda event, what: opened.add(str(what[0])) if event == "open" else None)

from gem_assets.llm.offline import OfflineLlm
from gem_assets.llm.protocol import LlmError
from gem_assets.records.outcome import Kept
from gem_assets.stages.catalog import DEFAULT_WAY
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import PROCEDURES, SETTINGS, chain, recorded_answer

def watch(stage, record, llm):
    names = called.setdefault(stage.run.__name__, set())

    def note(frame, event, _):
        if event == "call" and not frame.f_code.co_filename.startswith("<"):
            names.add(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname.partition('.')[0]}")

    async def step():
        sys.setprofile(note)
        try:
            return await stage.run(record, llm, SETTINGS)
        finally:
            sys.setprofile(None)

    try:
        return asyncio.run(step())
    except LlmError:
        return None

for name in PROCEDURES[:2]:
    for llm in (ScriptedLlm(recorded_answer), OfflineLlm()):
        records = [chain(name).document]
        for stage in DEFAULT_WAY.stages[1:]:
            outcomes = [watch(stage, record, llm) for record in records]
            records = [one for outcome in outcomes if isinstance(outcome, Kept) for one in outcome.records]
called = {name: sorted(names) for name, names in called.items()}
json.dump({"opened": sorted(opened), "called": called}, sys.stdout)
"""


@cache
def watched() -> dict[str, Any]:
    """Run the stages on recorded answers and on the generator in a process that has read nothing before.

    Gives the files opened, and per stage function the definitions called.
    """
    run = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def modules_of(parts: Mapping[str, str]) -> set[str]:
    return {part.partition(":")[0] for part in parts} - {"file", "library"}


@pytest.mark.parametrize("name", ROOTS)
def test_every_stage_and_every_task_of_the_generator_has_a_digest(name: str) -> None:
    made = code_digest(ROOTS[name])
    root = ROOTS[name]
    assert f"{root.__module__}:{root.__qualname__}" in made.parts
    assert not [part for part in made.parts if part.startswith(STOPS)]
    assert code_digest(root) == made


def test_a_stage_depends_on_what_it_calls_and_not_on_its_neighbours() -> None:
    modules = {name: modules_of(code_digest(root).parts) for name, root in ROOTS.items()}
    with_rules = {name for name, reached in modules.items() if "gem_assets.verification.registry" in reached}
    assert with_rules == {"refine", "validate"}
    with_baseline = {
        name
        for name, reached in modules.items()
        if any(module.startswith("gem_assets.offline.") for module in reached)
    }
    # The prefilter of stage 1 reads the generator's verbs.
    assert with_baseline - {f"offline {task}" for task in ANSWERS} == {"filter"}
    own = {name: {module for module in reached if ".stages." in module} for name, reached in modules.items()}
    entries = {root.__module__ for root in STAGES.values()}
    assert all(own[name] & entries == {root.__module__} for name, root in STAGES.items())


def test_no_stage_depends_on_all_the_reasons_there_are() -> None:
    for root in ROOTS.values():
        assert "gem_assets.records.outcome:Reason.*" not in code_digest(root).parts


@pytest.mark.parametrize("name", [name for name in STAGES if name not in ("documents", "synthesize")])
def test_every_definition_that_a_stage_calls_counts(name: str) -> None:
    """But for what lies behind a stop, and what the generator answers counts for its task."""
    called = watched()["called"][STAGES[name].__name__]
    ours = {one for one in called if one.startswith("gem_assets.") and ":<" not in one}
    counted = {part for root in (STAGES[name], *ANSWERS.values()) for part in code_digest(root).parts}
    dispatch = {"gem_assets.offline.procedural:answer"}
    assert len(ours) > 20
    assert {one for one in ours if not one.startswith(STOPS)} - dispatch <= counted


def test_every_word_list_that_is_opened_counts() -> None:
    package = Path(gem_assets.__file__).parent
    opened = {Path(name) for name in watched()["opened"]}
    ours = {path for path in opened if path.is_relative_to(package)}
    data = {path for path in ours if path.suffix not in (".py", ".pyc", ".md")}
    counted = {part for root in ROOTS.values() for part in code_digest(root).parts}
    assert len(data) > 10
    assert {f"file:{path.relative_to(package.parent)}" for path in data} <= counted
