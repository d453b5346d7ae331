"""What `filter_document` answers: whether the text holds a procedure, and its labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from gem_assets.llm.asking import AnswerError
from gem_assets.prompts.vocabulary import DOMAINS, PLATFORMS, TASK_CATEGORIES
from gem_assets.records.document import Platform
from gem_assets.stages.answers.tags import Element, find_elements, only, read_answer, shorten, text_of

_TAGS = ("multi_step", "summary", "domain", "platform", "task")
_VERDICTS = {"true": True, "yes": True, "false": False, "no": False}
_DECORATION = " \t*`'\"-•."
_NUMBERING = re.compile(r"^\d{1,2}[.)]\s")


@dataclass(frozen=True)
class ProcedureLabels:
    """The labels of a document that holds a multi-step operation."""

    summary: str
    platform: Platform
    domains: tuple[str, ...]
    task_category: str


def parse_filter_answer(text: str) -> ProcedureLabels | None:
    """Read the labels of a document; None when it was judged to hold no multi-step operation.

    Raises:
        AnswerError: a tag is missing, broken or repeated, or a label is outside its vocabulary.
    """
    answer = read_answer(text)
    elements = find_elements(answer, _TAGS)
    verdict = text_of(only(elements, "multi_step", answer).inner).strip(_DECORATION)
    multi_step = _VERDICTS.get(verdict.lower())
    if multi_step is None:
        raise AnswerError(f"<multi_step> has to say True or False, and says {shorten(verdict)}.")
    if not multi_step:
        return None
    return ProcedureLabels(
        summary=_summary(elements, answer),
        platform=cast(Platform, _one_label(elements, answer, "platform", PLATFORMS)),
        domains=_labels(elements, answer, "domain", DOMAINS),
        task_category=_one_label(elements, answer, "task", TASK_CATEGORIES),
    )


def _summary(elements: Sequence[Element], answer: str) -> str:
    summary = " ".join(text_of(only(elements, "summary", answer).inner).split())
    if not summary:
        raise AnswerError("<summary> is empty; say in one sentence what is done.")
    return summary


def _one_label(elements: Sequence[Element], answer: str, tag: str, vocabulary: tuple[str, ...]) -> str:
    labels = _labels(elements, answer, tag, vocabulary)
    if len(labels) != 1:
        raise AnswerError(f"<{tag}> names {len(labels)} labels ({', '.join(labels)}); choose exactly one.")
    return labels[0]


def _labels(
    elements: Sequence[Element], answer: str, tag: str, vocabulary: tuple[str, ...]
) -> tuple[str, ...]:
    known = {_key(label): label for label in vocabulary}
    written = [part.strip(_DECORATION) for part in re.split(r"[,;\n]", _text(elements, answer, tag))]
    labels: list[str] = []
    for part in written:
        label = _NUMBERING.sub("", part)
        if not label:
            continue
        if _key(label) not in known:
            raise AnswerError(
                f"<{tag}> names {shorten(label)}, which is none of its labels: {', '.join(vocabulary)}."
            )
        labels.append(known[_key(label)])
    if not labels:
        raise AnswerError(f"<{tag}> is empty; choose from {', '.join(vocabulary)}.")
    return tuple(dict.fromkeys(labels))


def _text(elements: Sequence[Element], answer: str, tag: str) -> str:
    return text_of(only(elements, tag, answer).inner)


def _key(label: str) -> str:
    """Write a label without case, blanks and signs, so that "File Systems" finds file_systems."""
    return re.sub(r"[^a-z0-9]", "", label.lower().replace("&", "and"))
