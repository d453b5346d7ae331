"""The procedural baseline generator: answers the pipeline's tasks from the text alone, without a model.

English only, deterministic: the same payload gives the same bytes. It is no teacher model; its dialogues
exercise the pipeline and serve as a baseline. Does not belong here: transport and journal (`gem_assets.llm`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from gem_assets.offline.dialogue.plots import generate
from gem_assets.offline.dialogue.refinement import refine
from gem_assets.offline.rendering import tag, text_tag
from gem_assets.offline.text.classify import is_procedure, label
from gem_assets.offline.workflow.extraction import extract, summarise


class UnsupportedLanguageError(ValueError):
    """The text is in a language the baseline generator does not read."""

    def __init__(self, language: str) -> None:
        super().__init__(
            f"the baseline generator reads English only, and this text is in {language!r}: configure a "
            f"model for it"
        )
        self.language = language


def answer(task: str, payload: Mapping[str, Any]) -> str:
    """Answer a task in the tagged format a model would use.

    Raises:
        UnsupportedLanguageError: the document to be filtered is not English.
        ValueError: the task is none of filter_document, extract_workflows, generate_trajectory and
            refine_trajectory.
    """
    if task not in ANSWERS:
        raise ValueError(f"the baseline generator does not know the task {task!r}")
    return ANSWERS[task](payload)


def answer_filter(payload: Mapping[str, Any]) -> str:
    """Say whether a document holds a procedure, with summary and labels."""
    document = payload["document"]
    language = str(document["language"])
    if language != "en":
        raise UnsupportedLanguageError(language)
    text, title = document["text"], document.get("title")
    if not is_procedure(text, title):
        return tag("multi_step", "False")
    labels = label(text, title)
    return "".join([
        tag("multi_step", "True"),
        text_tag("summary", summarise(text, title)),
        text_tag("domain", ", ".join(labels.domains)),
        text_tag("platform", labels.platform),
        text_tag("task", labels.task),
    ])  # fmt: skip


def answer_extract(payload: Mapping[str, Any]) -> str:
    """Read the workflows of a document."""
    document = payload["procedure"]["document"]
    return extract(document["text"], document.get("title"), document["document_id"])


def answer_generate(payload: Mapping[str, Any]) -> str:
    """Write a dialogue for a workflow."""
    return generate(payload["workflow"])


def answer_refine(payload: Mapping[str, Any]) -> str:
    """Make a dialogue harder."""
    return refine(payload["trajectory"])


ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "filter_document": answer_filter,
    "extract_workflows": answer_extract,
    "generate_trajectory": answer_generate,
    "refine_trajectory": answer_refine,
}
"""What answers each task: the roots of its code digest."""
