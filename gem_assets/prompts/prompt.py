"""A prompt is a Markdown file beside this module: read, hashed, and filled with named fields.

Fields are written `$name`; a literal dollar is `$$`. Values are escaped by the caller (`escape`) and never
scanned for fields again.
"""

import hashlib
import html
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from gem_assets.extensions import extension_folders
from gem_assets.records.base import Record

PROMPTS = Path(__file__).parent


class PromptError(ValueError):
    """A prompt file that is missing, or that asks for other fields than it is given."""


class Prompt(Record):
    """The text of a prompt file and the version stamped on everything made with it."""

    name: str
    text: str
    directory: Path | None = None
    """Where prompts of the user's own were looked for."""

    @property
    def version(self) -> str:
        """`name@hash`, twelve hex digits of the file's SHA-256."""
        return f"{self.name}@{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    @staticmethod
    def load(name: str, directory: Path | None) -> "Prompt":
        """Read `name`.md, from the directory where it holds one, else from a package that ships it."""
        return _load(name, directory)

    def beside(self, name: str) -> "Prompt":
        """Read another prompt, looking for it where this one was looked for."""
        return _load(name, self.directory)

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
def _load(name: str, directory: Path | None) -> Prompt:
    folders = [PROMPTS, *(folder / "prompts" for folder in extension_folders())]
    paths = [folder / f"{name}.md" for folder in ([directory] if directory else []) + folders]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise PromptError(f"there is no prompt {name}.md in {PROMPTS}")
    return Prompt(name=name, text=path.read_text("utf-8"), directory=directory)


def escape(text: str) -> str:
    """Make text safe inside a tag: it can close none and open none."""
    return html.escape(text, quote=False)
