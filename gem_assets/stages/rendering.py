"""Write parts of a workflow into a prompt: escaped, so that nothing in them can close a tag."""

from collections.abc import Sequence

from gem_assets.prompts.prompt import escape
from gem_assets.records.document import Document
from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Constraint, Workflow
from gem_assets.settings import RuleSettings, Settings
from gem_assets.stages.answers.tagged_json import render_json

_LANGUAGE_NAMES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "zh": "Chinese",
}  # fmt: skip


def render_tools(tools: Sequence[Tool]) -> str:
    """Write tools in the shape in which models answer them."""
    return render_json([tool.to_answer_format() for tool in tools], indent=1)


def render_constraints(constraints: Sequence[Constraint]) -> str:
    """Write constraints with their source sentences."""
    return render_json([constraint.model_dump() for constraint in constraints], indent=1)


def render_workflow(workflow: Workflow) -> str:
    """Write description, steps and execution graph as text."""
    steps = "\n".join(f"Step{number}: {step}" for number, step in enumerate(workflow.steps, start=1))
    linked = {name for edge in workflow.execution_graph for name in (edge.source, edge.target)}
    chains = [f"({edge.source})->({edge.target})" for edge in workflow.execution_graph]
    chains += [f"({tool})" for tool in workflow.entry_tools if tool not in linked]
    return escape(f"{workflow.description}\n\n{steps}\n\n") + "\n".join(chains)


def trajectory_language(document: Document, settings: Settings) -> str:
    """Name the language a trajectory is to be written in."""
    code = document.language if settings.trajectory_language == "source" else settings.trajectory_language
    return _LANGUAGE_NAMES.get(code, "the language of the source text" if code == "und" else code)


def rules_of(document: Document, settings: Settings) -> RuleSettings:
    """Give the settings of the rules for a document's trajectories, in their own language."""
    asked = settings.trajectory_language
    return settings.rules.model_copy(update={"language": document.language if asked == "source" else asked})
