"""The procedural baseline generator: answers the pipeline's tasks from the text alone, without a model.

English only, deterministic: the same payload gives the same bytes. It is no teacher model; its dialogues
exercise the pipeline and serve as a baseline. Does not belong here: transport and journal (`gem_assets.llm`).
"""

from collections.abc import Mapping
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
    if task == "filter_document":
        return _filter(payload["document"])
    if task == "extract_workflows":
        procedure = payload["procedure"]
        document = procedure["document"]
        return extract(document["text"], document.get("title"), document["document_id"])
    if task == "generate_trajectory":
        return generate(payload["workflow"])
    if task == "refine_trajectory":
        return refine(payload["trajectory"])
    raise ValueError(f"the baseline generator does not know the task {task!r}")


def _filter(document: Mapping[str, Any]) -> str:
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
