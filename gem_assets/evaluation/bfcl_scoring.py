"""Have BFCL's checker judge a model's answers, once it has proven itself on answers whose score is known.

Each of the three scorings (oracle, mute, model) is a process and a folder of its own: the checker keeps the
state of its backends under names in the process.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.evaluation.benchmark_files import drop_part, part_metadata, read_part, write_part
from gem_assets.evaluation.bfcl import DRIVER, TEMPERATURE, Bfcl, open_bfcl
from gem_assets.evaluation.bfcl_errors import find_departure
from gem_assets.evaluation.bfcl_generation import FACTS, TABLE, Generation
from gem_assets.evaluation.evaluated_models import EvaluatedModel, EvaluationError
from gem_assets.evaluation.harness_process import run_driver, scratch_folder
from gem_assets.evaluation.verdict import decontamination_verdict
from gem_assets.intervals import wilson
from gem_assets.store.home import Home

_TABLES = ("bfcl_scores", "benchmark_runs", "benchmark_scores")
_SPENT = ("requests", "input_tokens", "output_tokens", "cost", "seconds")
_JUDGED = (
    "correct", "error_type", "error_message", "turns", "tools", "truth_calls", "classes", "steps", "calls",
)  # fmt: skip
_ANSWERED = ("error_kind", "input_tokens", "output_tokens")


@dataclass(frozen=True)
class Score:
    """A model's score on a category, shares of the entries scored."""

    category: str
    entries: int
    whole: int
    correct: int
    strict: int
    accuracy: float
    low: float
    high: float
    oracle: float
    floor: float
    refused: int
    error_types: Mapping[str, int]
    harness: str
    decontamination: str

    @property
    def is_whole(self) -> bool:
        """Whether all entries were scored, so that it may stand beside published scores."""
        return self.entries == self.whole


async def score(
    configuration: RunConfiguration,
    evaluated: EvaluatedModel,
    category: str,
    run_id: str,
) -> Score:
    """Judge what a model answered, and write the score down.

    Raises:
        EvaluationError: nothing was answered, or not all; oracle or mute score otherwise than they must, so
            that no score of this environment can be trusted. Then no score is left either.
    """
    home = configuration.home
    for table in _TABLES:
        # What is there was scored before; if this fails, it must not stand beside newer answers.
        drop_part(home, table, evaluated.name, category)
    generation, answers = _answers(home, evaluated, category)
    with scratch_folder(home, f"{evaluated.name}={category}=score") as scratch:
        bfcl = await open_bfcl(configuration, category, scratch)
        if bfcl.data_hash != generation.data_hash:
            raise EvaluationError(
                f"{category} was answered to {generation.package}, and {bfcl.package} is installed now with "
                "other entries: generate the answers again"
            )
        ids = tuple(row["entry_id"] for row in answers)
        oracle = await _judge(bfcl, evaluated, ids, scratch, replay="oracle")
        floor = await _judge(bfcl, evaluated, ids, scratch, replay="mute")
        _check_scale(bfcl, oracle["accuracy"], floor["accuracy"])
        judged = await _judge(bfcl, evaluated, ids, scratch, answers=answers)
    verdict = decontamination_verdict(home, evaluated.recipe, "bfcl")
    found = _score(bfcl, generation, judged["entries"], (oracle["accuracy"], floor["accuracy"]), verdict)
    named = {"evaluated_model": evaluated.name, "run_id": run_id}
    _write(home, evaluated, bfcl, generation, found, named)
    _write_entries(home, evaluated.name, category, answers, judged["entries"], named)
    return found


def _answers(home: Home, evaluated: EvaluatedModel, category: str) -> tuple[Generation, list[dict[str, Any]]]:
    answers = read_part(home, TABLE, evaluated.name, category)
    facts = part_metadata(home, TABLE, evaluated.name, category).get(FACTS)
    if not answers or facts is None:
        raise EvaluationError(f"{evaluated.name} has answered nothing of {category} yet: generate that first")
    generation = Generation(**json.loads(facts))
    generation.check()
    if answers[0]["settings_hash"] != evaluated.settings_hash:
        raise EvaluationError(f"{evaluated.name} answered {category} with other settings: generate it again")
    return generation, answers


def _check_scale(bfcl: Bfcl, oracle: float, floor: float) -> None:
    if oracle == 1 and floor == 0:
        return
    raise EvaluationError(
        f"{bfcl.package} in {bfcl.python} cannot be trusted on {bfcl.category}: its own answers score "
        f"{oracle:.1%} and doing nothing {floor:.1%}, where 100% and 0% are right; `make eval-env` anew"
    )


async def _judge(
    bfcl: Bfcl,
    evaluated: EvaluatedModel,
    ids: tuple[str, ...],
    scratch: Path,
    *,
    replay: str | None = None,
    answers: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    place = scratch / (replay or "model")
    place.mkdir()
    given = place / "answers.jsonl"
    lines = ({"id": row["entry_id"], "result": json.loads(row["result"])} for row in answers)
    given.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    job = bfcl.job("score", ids, evaluated) | {"replay": replay, "results": str(given)}
    told = await run_driver(bfcl.python, DRIVER, job, place)
    right = sum(entry["correct"] for entry in told["entries"])
    if (
        told["total"] != len(ids)
        or len(told["entries"]) != len(ids)
        or abs(right / len(ids) - told["accuracy"]) > 1e-9
    ):
        raise EvaluationError(
            f"the checker counts {told['accuracy']:.2%} of {told['total']} entries of {bfcl.category}, and "
            f"its list of errors says {right} of {len(ids)}: {bfcl.package} is no version this was built for"
        )
    return told


def _score(
    bfcl: Bfcl,
    generation: Generation,
    entries: Sequence[Mapping[str, Any]],
    scale: tuple[float, float],
    verdict: str,
) -> Score:
    types = [entry["error_type"] for entry in entries if entry["error_type"]]
    correct = sum(entry["correct"] for entry in entries)
    low, high = wilson(correct / len(entries), len(entries))
    return Score(
        category=bfcl.category,
        entries=len(entries),
        whole=len(bfcl.ids),
        correct=correct,
        strict=sum(entry["strict"] for entry in entries),
        accuracy=correct / len(entries),
        low=low,
        high=high,
        oracle=scale[0],
        floor=scale[1],
        refused=generation.refused,
        error_types={name: types.count(name) for name in sorted(set(types))},
        harness=bfcl.package,
        decontamination=verdict,
    )


def _write(
    home: Home,
    evaluated: EvaluatedModel,
    bfcl: Bfcl,
    generation: Generation,
    found: Score,
    named: Mapping[str, Any],
) -> None:
    place = {**named, "benchmark": "bfcl", "part": bfcl.category}
    run = place | {
        **evaluated.model_dump(include={"model", "base_url", "mode", "thinking", "recipe"}),
        "finished_at": datetime.now(UTC),
        "settings": json.dumps({"harness_temperature": TEMPERATURE, **evaluated.model_dump(mode="json")}),
        "settings_hash": evaluated.settings_hash,
        "harness": bfcl.package,
        "harness_hash": bfcl.package_hash,
        "data_hash": bfcl.data_hash,
        "python": bfcl.python_version,
        **{name: getattr(found, name) for name in ("oracle", "floor", "entries", "whole", "refused")},
        **{name: getattr(generation, name) for name in _SPENT},
        "unparsed_calls": generation.unparsed,
        **dict.fromkeys(("user_model", "judge_model", "incomparable")),
        "decontamination": found.decontamination,
    }
    strict = found.strict / found.entries
    metrics = {
        "accuracy": (found.accuracy, found.low, found.high),
        "strict_accuracy": (strict, *wilson(strict, found.entries)),
    }
    scores = [
        place | {"metric": name, "value": value, "low": low, "high": high, "entries": found.entries}
        for name, (value, low, high) in metrics.items()
    ]
    write_part(home, "benchmark_runs", evaluated.name, bfcl.category, [run])
    write_part(home, "benchmark_scores", evaluated.name, bfcl.category, scores)


def _write_entries(
    home: Home,
    name: str,
    category: str,
    answers: Sequence[Mapping[str, Any]],
    judged: Sequence[Mapping[str, Any]],
    named: Mapping[str, Any],
) -> None:
    answered = {row["entry_id"]: row for row in answers}
    rows = [
        {
            **named,
            "category": category,
            "entry_id": entry["id"],
            "strict_correct": entry["strict"],
            **{column: entry[column] for column in _JUDGED},
            **{column: answered[entry["id"]][column] for column in _ANSWERED},
            **_departure(entry),
        }
        for entry in judged
    ]
    write_part(home, "bfcl_scores", name, category, rows)


def _departure(entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry["correct"]:
        return {"wrong_turn": None, "fragment_errors": []}
    found = find_departure(entry["compared"])
    return {"wrong_turn": found.turn, "fragment_errors": list(found.errors)}
