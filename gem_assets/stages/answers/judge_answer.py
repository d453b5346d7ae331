"""What `judge_trajectory` answers: a JSON object with a score for each rubric.

An answer that cannot be read is never a low score: it raises, and the stage asks for the next sample.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, cast, get_args

from gem_assets.llm.asking import AnswerError
from gem_assets.records.judgement import Rubric, RubricScore
from gem_assets.stages.answers.tags import looks_like_refusal, read_answer, shorten

_RUBRICS: tuple[Rubric, ...] = get_args(Rubric)
_SCORES: dict[object, Literal[0, 1]] = {0: 0, 1: 1, "0": 0, "1": 1, "true": 1, "false": 0}
# Braces in a preamble are few; the bound keeps hostile text from being decoded at every one of its braces.
_MAX_OBJECTS = 50


def judge_answer_schema() -> dict[str, Any]:
    """Return the JSON Schema of the judge's answer, for providers that can be held to one."""
    rubric = {
        "type": "object",
        "properties": {"score": {"type": "integer", "enum": [0, 1]}, "explanation": {"type": "string"}},
        "required": ["score", "explanation"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": dict.fromkeys(_RUBRICS, rubric),
        "required": list(_RUBRICS),
        "additionalProperties": False,
    }


def parse_judge_answer(text: str) -> tuple[RubricScore, ...]:
    """Read the scores of R1, R2 and R3, in this order.

    Raises:
        AnswerError: no JSON object has all rubrics, a score is neither 0 nor 1, or two verdicts differ.
    """
    answer = read_answer(text)
    verdicts = [verdict for found in _objects(answer) for verdict in _candidates(found)]
    if not verdicts:
        raise AnswerError(_no_verdict(answer))
    judgements = [tuple(_score(verdict, rubric) for rubric in _RUBRICS) for verdict in verdicts]
    if len({tuple(score.score for score in scores) for scores in judgements}) > 1:
        raise AnswerError("The answer holds two JSON verdicts that differ; give exactly one JSON object.")
    return judgements[0]


def _objects(answer: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(_MAX_OBJECTS):
        position = answer.find("{", position)
        if position < 0:
            return
        try:
            value, position = decoder.raw_decode(answer, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        yield cast(dict[str, Any], value)


def _candidates(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Look for the verdict in an object, or one level down in a wrapping object."""
    inner = [cast(dict[str, Any], value) for value in found.values() if isinstance(value, dict)]
    return [each for each in (found, *inner) if any(rubric in each for rubric in _RUBRICS)]


def _score(verdict: dict[str, Any], rubric: Rubric) -> RubricScore:
    if rubric not in verdict:
        raise AnswerError(f'The JSON object has no "{rubric}"; it needs R1, R2 and R3, each with a score.')
    entry = verdict[rubric]
    fields = cast(dict[str, Any], entry) if isinstance(entry, dict) else {"score": entry}
    written = fields.get("score")
    key: object = written.strip().lower() if isinstance(written, str) else written
    if not isinstance(key, str | int | float) or key not in _SCORES:
        raise AnswerError(f'The score of "{rubric}" has to be 0 or 1, and is {shorten(json.dumps(written))}.')
    explanation = fields.get("explanation")
    return RubricScore(
        rubric=rubric,
        score=_SCORES[key],
        explanation=_storable(explanation) if isinstance(explanation, str) else "",
    )


def _storable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON escapes can smuggle in; an explanation is only prose."""
    return text.strip().encode("utf-8", "replace").decode("utf-8")


def _no_verdict(answer: str) -> str:
    if looks_like_refusal(answer):
        return f"The answer is a refusal without a JSON object of R1, R2 and R3: {shorten(answer)}."
    return (
        "The answer holds no complete JSON object with R1, R2 and R3 (cut off, or not JSON): "
        f"it begins with {shorten(answer)}."
    )
