"""The modules of some packages, as they were loaded, and what a name in one of them stands for.

Nothing is imported or run: text is read once and parsed when something in it is reached.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gem_assets.stages.code.modules import CodeDigestError, Module, parse_module
from gem_assets.stages.code.syntax import Import

_OF_EVERY_MODULE = frozenset(("__name__", "__file__", "__doc__", "__path__", "__package__", "__spec__"))
_MAXIMUM_IMPORTS = 100
"""How often a name may be passed on from module to module."""


@dataclass(frozen=True)
class Defined:
    """A top-level definition, with the attributes taken from it."""

    module: str
    name: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whole:
    """A module as a value: anything in it may be used."""

    module: str


@dataclass(frozen=True)
class Outside:
    """A name of the standard library or of another distribution, dotted."""

    path: str


@dataclass(frozen=True)
class Stopped:
    """A name behind a stop, which the digest does not enter."""

    label: str


Target = Defined | Whole | Outside | Stopped


def label_of(target: Target) -> str:
    """Name a target without the attributes taken from a definition: those stand in the syntax."""
    if isinstance(target, Defined):
        return f"{target.module}:{target.name}"
    if isinstance(target, Whole):
        return target.module
    return target.label if isinstance(target, Stopped) else target.path


class Sources:
    """The modules of some packages: their text as of the first look, kept for as long as this lives."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}
        self._packages: set[str] = set()
        self._captured: set[str] = set()
        self._texts: dict[Path, bytes] = {}
        self._listings: dict[Path, dict[str, Path]] = {}
        self._modules: dict[str, Module] = {}

    def capture(self, package: str, folders: Iterable[Path]) -> None:
        """Read every module under a package's folders, unless the package was read before."""
        if package in self._captured:
            return
        self._captured.add(package)
        for folder in folders:
            self._add_folder(package, str(folder))

    def _add_folder(self, package: str, folder: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, _, ending = entry.name.partition(".")
                if ending == "py" and stem.isidentifier() and entry.is_file():
                    self._add(package if stem == "__init__" else f"{package}.{stem}", Path(entry.path))
                elif entry.name.isidentifier() and entry.name != "__pycache__" and entry.is_dir():
                    self._add_folder(f"{package}.{entry.name}", entry.path)

    def capture_loaded(self, module: str) -> None:
        """Read the package of a module that is loaded, or the module alone where it is in none."""
        package = sys.modules.get(module.partition(".")[0])
        folders: Sequence[str] = list(getattr(package, "__path__", ()))
        self.capture(module.partition(".")[0], map(Path, folders))
        path = getattr(sys.modules.get(module), "__file__", None)
        if module not in self._paths and path:
            self._add(module, Path(path))

    def _add(self, module: str, path: Path) -> None:
        self._paths[module] = path
        parts = module.split(".")
        self._packages.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))
        self.read_bytes(path)

    def read_bytes(self, path: Path) -> bytes:
        """Give the bytes of a file as of the first look at it."""
        if path not in self._texts:
            self._texts[path] = path.read_bytes()
        return self._texts[path]

    def listing(self, folder: Path) -> dict[str, Path]:
        """Files under a folder as of the first look, by their path in it, without those of packages in it."""
        if folder not in self._listings:
            self._listings[folder] = {path.relative_to(folder).as_posix(): path for path in _files_in(folder)}
        return self._listings[folder]

    def folder_of(self, package: str) -> Path | None:
        """The folder of a package that was read."""
        path = self._paths.get(package)
        return path.parent if path is not None and path.name == "__init__.py" else None

    def module(self, name: str) -> Module:
        """Parse a module, once.

        Raises:
            CodeDigestError: it was not read, holds no Python, or imports `*`.
        """
        if name not in self._modules:
            path = self._paths.get(name)
            if path is None:
                raise CodeDigestError(f"the source of {name} was not found, so its code has no digest")
            self._modules[name] = parse_module(name, path, self.read_bytes(path))
        return self._modules[name]

    def holds(self, dotted: str) -> bool:
        """Say whether a name is one of these modules."""
        return dotted in self._paths

    def is_own(self, dotted: str) -> bool:
        """Say whether a name belongs to one of these packages."""
        return dotted.partition(".")[0] in self._packages

    def resolve(
        self, module: str, chain: Sequence[str], stops: Sequence[str], imported: Import | None = None
    ) -> Target | None:
        """Say what a name loaded in a module stands for; None for builtins."""
        head, *attributes = chain
        of = self.module(module)
        if imported is None and head in of.definitions:
            target = Defined(module, head, tuple(attributes))
            return _stopped(f"{module}.{head}", stops) or target
        imported = imported or of.imports.get(head)
        return self.follow(imported, attributes, stops) if imported is not None else None

    def follow(self, imported: Import, attributes: Sequence[str], stops: Sequence[str]) -> Target:
        """Say what an imported name, with attributes taken from it, stands for.

        Raises:
            CodeDigestError: the module does not define the name.
        """
        path, rest = imported.module, [*([imported.name] if imported.name else []), *attributes]
        for _ in range(_MAXIMUM_IMPORTS):
            step = self._step(path, rest, stops)
            if not isinstance(step, tuple):
                return step
            path, rest = step
        raise CodeDigestError(f"{imported.module} and its imports of {imported.name} go round in a circle")

    def _step(self, path: str, rest: list[str], stops: Sequence[str]) -> Target | tuple[str, list[str]]:
        """Resolve a dotted name, or go on to the module from which the first name after `path` comes."""
        stopped = _stopped(".".join([path, *rest]), stops)
        if stopped is not None:
            return stopped
        if not self.is_own(path):
            return Outside(".".join([path, *rest]))
        if not rest:
            return Whole(path)
        head, further = rest[0], rest[1:]
        of = self.module(path) if self.holds(path) else None
        if of is not None and head in of.definitions:
            return Defined(path, head, tuple(further))
        if of is not None and head in of.imports:
            onward = of.imports[head]
            return onward.module, [*([onward.name] if onward.name else []), *further]
        if f"{path}.{head}" in self._packages:
            return f"{path}.{head}", further
        if head in _OF_EVERY_MODULE:
            return Outside(f"{path}.{head}")
        raise CodeDigestError(f"{path} has no definition of {head}: import the name from where it is defined")


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            yield from _files_in(path)


def _stopped(dotted: str, stops: Sequence[str]) -> Stopped | None:
    for stop in stops:
        if dotted == stop or dotted.startswith(f"{stop}."):
            return Stopped(f"{stop}:{dotted.rpartition('.')[2]}")
    return None
