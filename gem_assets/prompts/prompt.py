"""A prompt is a Markdown file beside this module: read, hashed, and filled with named fields.

Fields are written `$name`; a literal dollar is `$$`. Values are escaped by the caller (`escape`) and never
scanned for fields again.
"""

import hashlib
import html
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from gem_assets.records.base import Record

PROMPTS = Path(__file__).parent


class PromptError(ValueError):
    """A prompt file that is missing, or that asks for other fields than it is given."""


class Prompt(Record):
    """The text of a prompt file and the version stamped on everything made with it."""

    name: str
    text: str

    @property
    def version(self) -> str:
        """`name@hash`, twelve hex digits of the file's SHA-256."""
        return f"{self.name}@{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    @staticmethod
    def load(name: str) -> "Prompt":
        """Read `name`.md, from the directory GEM_PROMPTS names where it has one, else from the package."""
        return _load(name, os.environ.get("GEM_PROMPTS"))

    def render(self, fields: Mapping[str, str]) -> str:
        """Fill the fields in; raises PromptError when the file's fields and the given ones differ."""
        template = Template(self.text)
        wanted = set(template.get_identifiers())
        if not template.is_valid() or wanted != set(fields):
            raise PromptError(
                f"{self.name}.md has the fields {sorted(wanted)} and is given {sorted(fields)}: "
                "make them agree, and write a literal dollar as $$"
            )
        return template.substitute(fields)


@cache
def _load(name: str, override: str | None) -> Prompt:
    path = PROMPTS / f"{name}.md"
    if override and (Path(override) / f"{name}.md").is_file():
        path = Path(override) / f"{name}.md"
    if not path.is_file():
        raise PromptError(f"there is no prompt {name}.md in {path.parent}")
    return Prompt(name=name, text=path.read_text("utf-8"))


def escape(text: str) -> str:
    """Make text safe inside a tag: it can close none and open none."""
    return html.escape(text, quote=False)
