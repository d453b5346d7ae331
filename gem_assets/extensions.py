"""Packages that add stages and ways by an entry point, and where their SQL and prompts stand.

A package names, in the group `gem_assets.stages`, a function that takes the ways there are and gives those
there shall be (`stages/catalog.py`). Beside the module of that function it may have `sql/` and `prompts/`,
laid out as ours are.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

GROUP = "gem_assets.stages"


class DeclarationError(ValueError):
    """A stage or a way is declared wrongly, or a package cannot add its own: one sentence that names it."""


@cache
def extensions() -> tuple[EntryPoint, ...]:
    """List the entry points that add stages, in the order of their names."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda point: point.name))


@cache
def extension_folders() -> tuple[Path, ...]:
    """Name the folders in which packages that add stages keep `sql/` and `prompts/`; imports no stage."""
    specs = [find_spec(point.module) for point in extensions()]
    return tuple(Path(spec.origin).parent for spec in specs if spec and spec.origin)
