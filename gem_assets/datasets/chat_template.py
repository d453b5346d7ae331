"""Render messages and tools as the text a Qwen3 policy is trained on, with the parts the loss falls on.

The template is `qwen3_chat_template.jinja`: train and serve with it. Transformers renders it in its own
environment; this one does the same without that package.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Template, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE = Path(__file__).parent / "qwen3_chat_template.jinja"

# Two characters that no text of ours holds; they mark where learning begins and ends, and are taken out.
_BEGIN, _END = "\ue000\ue001", "\ue001\ue000"


class GenerationExtension(Extension):
    """The tag `{% generation %}` of Transformers' templates: what it encloses is learnt."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: Parser) -> nodes.Node:
        """Read up to the closing tag."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = self.call_method("_mark", [nodes.ContextReference()])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _mark(self, context: Context, caller: Any) -> str:  # noqa: ANN401 - jinja2's macro
        text: str = caller()
        return f"{_BEGIN}{text}{_END}" if context.get("mark_learnt") else text


def render_chat(
    messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] = (), *, open_turn: bool = False
) -> str:
    """Write a chat in the OpenAI shape as Qwen3's non-thinking template does.

    With `open_turn` the text ends where the assistant's next turn begins.
    """
    return _template().render(
        messages=list(messages), tools=list(tools) or None, add_generation_prompt=open_turn
    )


def render_learnt(messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] = ()) -> list[str]:
    """Give the parts of that text that the loss falls on, in order."""
    marked = _template().render(messages=list(messages), tools=list(tools) or None, mark_learnt=True)
    return [part.partition(_END)[0] for part in marked.split(_BEGIN)[1:]]


def template_text() -> str:
    """Read the template, to be saved beside a tokenizer."""
    return TEMPLATE.read_text("utf-8")


@cache
def _template() -> Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationExtension]
    )
    environment.filters["tojson"] = _to_json
    return environment.from_string(template_text())


def _to_json(value: object) -> str:
    # Jinja2's own would escape < and & for HTML; Transformers' does not.
    return json.dumps(value, ensure_ascii=False)
