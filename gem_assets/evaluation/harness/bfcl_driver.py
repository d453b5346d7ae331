"""Drives BFCL's own generation and scoring; run by the Python that has `bfcl_eval`. Imports nothing of ours.

    python bfcl_driver.py JOB.json        # what to do stands in the job, what came of it in the file it names

BFCL has no way to register a model, and its table of models imports every vendor's client; so the table is
replaced by one with a single model, which speaks the OpenAI interface to the relay. Nothing else is changed:
the turns are run by its handler, and judged by its checker.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bfcl_replay
import confinement

# A harness name becomes part of a variable that is passed to `eval`: one that is no identifier makes every
# call of the model and of the answer fail alike, which counts as agreement. Underscores count as slashes.
SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.-]*")
TEMPERATURE = 0.001
"""BFCL's own default."""
HASHED = (
    "*.py",
    "data/BFCL_v4_multi_turn_*.json",
    "data/possible_answer/*multi_turn*",
    "data/multi_turn_func_doc/*",
)


def main() -> None:
    """Do the job."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    tasks = {"describe": describe, "generate": generate, "score": score}
    answer = tasks[job["task"]](job)
    out = Path(job["out"])
    out.with_suffix(".part").write_text(json.dumps(answer), "utf-8")
    out.with_suffix(".part").replace(out)


def describe(job: dict[str, Any]) -> dict[str, Any]:
    """Say what is installed, and list a category's entries."""
    folder = _package()
    data = folder / "data"
    entries = _lines(data / f"BFCL_v4_{job['category']}.json")
    return {
        "package": f"bfcl-eval {importlib.metadata.version('bfcl-eval')}",
        "package_hash": _hash(path for pattern in HASHED for path in folder.rglob(pattern)),
        "data_hash": _hash(
            [
                data / f"BFCL_v4_{job['category']}.json",
                data / "possible_answer" / f"BFCL_v4_{job['category']}.json",
                *(data / "multi_turn_func_doc").glob("*.json"),
            ]
        ),
        "python": platform.python_version(),
        "ids": [entry["id"] for entry in entries],
    }


def generate(job: dict[str, Any]) -> dict[str, Any]:
    """Have the harness run its turns with the model behind the relay."""
    _enter(job)
    from bfcl_eval import _llm_response_generation as generation
    from bfcl_eval.utils import load_dataset_entry

    cases = [case for case in load_dataset_entry(job["category"]) if case["id"] in set(job["ids"])]
    confinement.shut_in(Path(job["scratch"]), job["port"])
    arguments = argparse.Namespace(
        temperature=TEMPERATURE,
        include_input_log=False,
        exclude_state_log=True,
        num_threads=job["threads"],
        result_dir=Path(job["scratch"]) / "result",
        run_ids=False,
        allow_overwrite=False,
    )
    generation.generate_results(arguments, job["name"], cases)
    return {"generated": len(cases)}


def score(job: dict[str, Any]) -> dict[str, Any]:
    """Have the harness judge answers (a model's, the oracle's or the mute's), and strictly beside it."""
    _enter(job)
    from bfcl_eval.eval_checker import eval_runner
    from bfcl_eval.utils import load_dataset_entry, load_ground_truth_entry

    category, wanted = job["category"], set(job["ids"])
    answers = zip(load_dataset_entry(category), load_ground_truth_entry(category), strict=True)
    entries = {
        entry["id"]: (entry, answer["ground_truth"]) for entry, answer in answers if entry["id"] in wanted
    }
    results = _results(job, entries)
    place = Path(job["scratch"]) / "result" / job["name"] / "multi_turn" / f"BFCL_v4_{category}_result.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": key, "result": result} for key, result in results.items()]
    place.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    confinement.shut_in(Path(job["scratch"]), None)
    eval_runner.main([job["name"]], [category], None, None, partial_eval=True)
    told = Path(job["scratch"]) / "score" / job["name"] / "multi_turn" / f"BFCL_v4_{category}_score.json"
    header, *failed = _lines(told)
    errors = {row["id"]: row["error"] for row in failed}
    handler = eval_runner.get_handler(job["name"])
    judged = [
        _judged(key, *entries[key], results[key], errors.get(key), handler)
        for key in entries
        if key in results
    ]
    return {"accuracy": header["accuracy"], "total": header["total_count"], "entries": judged}


def _results(job: dict[str, Any], entries: dict[str, Any]) -> dict[str, Any]:
    replay = job.get("replay")
    if replay == "mute":
        return {key: bfcl_replay.mute_result(truth) for key, (_, truth) in entries.items()}
    if replay == "oracle":
        return {
            key: bfcl_replay.oracle_result(truth, _tools(entry), job["mode"])
            for key, (entry, truth) in entries.items()
        }
    return {row["id"]: row["result"] for row in _lines(Path(job["results"]))}


def _judged(
    key: str,
    entry: dict[str, Any],
    truth: list[list[str]],
    result: Any,  # noqa: ANN401
    error: Any,  # noqa: ANN401
    handler: Any,  # noqa: ANN401
) -> dict[str, Any]:
    decoded = _decoded(result, handler)
    turns = [steps for steps, _ in decoded]
    return {
        "id": key,
        "correct": error is None,
        "error_type": error["error_type"] if error else None,
        "error_message": str(error["error_message"])[:300] if error else None,
        "strict": error is None and _is_strict(turns, truth),
        "turns": len(truth),
        "truth_calls": sum(map(len, truth)),
        "tools": len(_tools(entry)),
        "classes": entry["involved_classes"],
        "steps": sum(map(len, turns)),
        "calls": sum(len(step) for turn in turns for step in turn),
        "compared": [] if error is None else _beside_truth(decoded, truth, _tools(entry)),
    }


def _decoded(result: Any, handler: Any) -> list[tuple[list[list[str]], list[str]]]:  # noqa: ANN401
    """Read the calls of each turn's steps as the harness does, and what it cannot decode: that is talk."""
    turns: list[tuple[list[list[str]], list[str]]] = []
    for turn in result if isinstance(result, list) else []:
        steps: list[list[str]] = []
        talk: list[str] = []
        for step in turn:
            try:
                decoded = handler.decode_execute(step, has_tool_call_tag=False)
            except Exception:  # whatever the decoder stumbles over is no call
                talk.append(step if isinstance(step, str) else json.dumps(step))
                continue
            if decoded:
                steps.append(decoded)
        turns.append((steps, talk))
    return turns


def _beside_truth(
    decoded: list[tuple[list[list[str]], list[str]]], truth: list[list[str]], tools: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Set each turn's calls beside the true ones, as names with arguments; nothing without an answer."""
    parameters = bfcl_replay.parameter_names(tools)
    compared: list[dict[str, Any]] = []
    for (steps, talk), wanted in zip(decoded, truth, strict=False):
        own: list[Any] = []
        for text in (text for step in steps for text in step):
            try:
                call = bfcl_replay.read_call(text, parameters)
                json.dumps(call)
            except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
                talk.append(f"[{text}]")
            else:
                own.append(call)
        true = [bfcl_replay.read_call(text, parameters) for text in wanted]
        compared.append({"calls": own, "truth": true, "talk": talk})
    return compared


def _is_strict(turns: list[list[list[str]]], truth: list[list[str]]) -> bool:
    """Apply the check BFCL ships and never calls: no call at all in a turn that lacks a tool or a value."""
    from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker import multi_turn_irrelevance_checker

    return len(turns) == len(truth) and bool(multi_turn_irrelevance_checker(turns, truth)["valid"])


def _enter(job: dict[str, Any]) -> None:
    if not SAFE_NAME.fullmatch(job["name"]):
        sys.exit(
            f"{job['name']!r} breaks BFCL's scoring, which would count wrong answers as right: a name has a "
            "letter first, then letters, digits, dots and dashes"
        )
    scratch = Path(job["scratch"])
    confinement.die_with_parent()
    confinement.limit_resources()
    os.environ |= {
        "BFCL_PROJECT_ROOT": str(scratch),
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
    }
    os.chdir(scratch)
    _register(job["name"], job["mode"])


def _register(name: str, mode: str) -> None:
    module = types.ModuleType("bfcl_eval.constants.model_config")
    sys.modules[module.__name__] = module
    from bfcl_eval.model_handler.api_inference.openai_completion import OpenAICompletionsHandler

    model = Model(name, OpenAICompletionsHandler, mode == "fc")
    module.__dict__["MODEL_CONFIG_MAPPING"] = {name: model}
    module.__dict__["ModelConfig"] = Model


@dataclass
class Model:
    """A line of BFCL's table of models."""

    model_name: str
    model_handler: Any
    is_fc_model: bool
    display_name: str = "the model behind the relay"
    url: str = ""
    org: str = ""
    license: str = ""
    input_price: float | None = None
    output_price: float | None = None
    underscore_to_dot: bool = True


def _package() -> Path:
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("bfcl_eval is not installed here")
    return Path(spec.submodule_search_locations[0])


def _tools(entry: dict[str, Any]) -> list[dict[str, Any]]:
    held_back = entry.get("missed_function") or {}
    return [*entry["function"], *(tool for tools in held_back.values() for tool in tools)]


def _hash(paths: Any) -> str:  # noqa: ANN401 - paths in any collection
    found = hashlib.sha256()
    for path in sorted(set(paths)):
        found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:20]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


if __name__ == "__main__":
    main()
