"""TOML files known by name: those that ship, and a user's own in a folder of GEM_HOME, which come first.

Does not belong here: what such a file may say (recipes, training configurations, campaigns).
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from gem_assets.store.home import Home, StoreError

T = TypeVar("T")

FILE_TAG = "gem/file"
"""Names, among the tags of a run, the file of a partition that is known by its path only."""


def file_tags(name: str) -> dict[str, str]:
    """Write the tags of a run over what `name` means; none where it is a name that everybody can look up."""
    return {FILE_TAG: str(Path(name).expanduser().absolute())} if name.endswith(".toml") else {}


@dataclass(frozen=True)
class NamedFiles:
    """One kind of them. `own` is the folder in GEM_HOME; `error` is raised for whatever is wrong."""

    kind: str
    shipped: Path
    own: str
    name: re.Pattern[str]
    error: type[StoreError]

    def names(self, home: Home) -> tuple[str, ...]:
        """Name those there are, shipped or own."""
        found = [
            path.stem for folder in (self.shipped, home.root / self.own) for path in folder.glob("*.toml")
        ]
        return tuple(sorted({name for name in found if self.name.fullmatch(name)}))

    def find(self, name: str, home: Home) -> Path:
        """Find a file by its name or by the path of a .toml file."""
        if name.endswith(".toml"):
            path = Path(name).expanduser()
            if not path.is_file():
                raise self.error(f"there is no {self.kind} file {path}")
            return path
        if self.name.fullmatch(name):
            for folder in (home.root / self.own, self.shipped):
                if (folder / f"{name}.toml").is_file():
                    return folder / f"{name}.toml"
        known = ", ".join(self.names(home))
        raise self.error(f"there is no {self.kind} {name!r}: {known}, or the path of a .toml file")

    def read(self, path: Path, build: Callable[[dict[str, Any]], T]) -> T:
        """Build what a file holds; what is wrong with it is told with its path and the field."""
        try:
            return build(tomllib.loads(path.read_text("utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise self.error(f"{path} is not TOML: {error}") from error
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(str(part) for part in problem["loc"]) or f"the {self.kind}"
            raise self.error(f"{path}: {field}: {problem['msg']}") from error
