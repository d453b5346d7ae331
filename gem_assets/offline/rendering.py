"""Writing answers in the tagged formats; text in tags is escaped, JSON in tags can close none.

Does not belong here: what is answered.
"""

import json
from collections.abc import Sequence
from typing import Any

from gem_assets.prompts.prompt import escape


def tag(name: str, inner: str) -> str:
    """Put text that is safe already between tags."""
    return f"<{name}>{inner}</{name}>"


def text_tag(name: str, text: str) -> str:
    """Escape a text and put it between tags."""
    return tag(name, escape(text))


def to_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write JSON with <, > and & as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def json_tag(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Put a JSON value between tags."""
    return tag(name, to_json(value))


def render_graph(groups: Sequence[Sequence[str]]) -> str:
    """Write an execution graph: tools of one group are parallel."""
    return "->".join(f"({', '.join(group)})" for group in groups if group)
