"""The top-level definitions of a package's modules, as they were loaded, and what a name in them stands for.

Nothing is imported or run: text is read once per process and parsed when something in it is reached.
"""

import ast
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gem_assets.stages.code_syntax import Import, bound_names, chain_of, imports_of, references_of

_OF_EVERY_MODULE = frozenset(("__name__", "__file__", "__doc__", "__path__", "__package__", "__spec__"))
_MAXIMUM_IMPORTS = 100
"""How often a name may be passed on from module to module."""


class CodeDigestError(ValueError):
    """Code that cannot be followed without running it; the message names the definition and a remedy."""


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


@dataclass
class Module:
    """A module's text in parts: what each name stands for, and the statements that do something else."""

    name: str
    path: Path
    is_package: bool
    imports: dict[str, Import] = field(default_factory=dict[str, Import])
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict[str, list[ast.stmt]])
    effects: list[ast.stmt] = field(default_factory=list[ast.stmt])
    statements: list[ast.stmt] = field(default_factory=list[ast.stmt])

    @property
    def package(self) -> str:
        """The package in which its relative imports start."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def imports_for_effect(self) -> list[Import]:
        """Imports whose name the module neither uses nor passes on: they are there for what they run."""
        used = {reference.chain for reference in references_of(self.statements, self.package)}
        used |= {(name,) for statement in self.definitions.get("__all__", ()) for name in _strings(statement)}
        return [
            imported
            for statement in self.statements
            if isinstance(statement, ast.Import | ast.ImportFrom) or statement in self.effects
            for node in ast.walk(statement)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for chain, imported in _not_passed_on(node, self.package)
            if not any(name[: len(chain)] == chain for name in used)
        ]


def _not_passed_on(
    node: ast.Import | ast.ImportFrom, package: str
) -> Iterator[tuple[tuple[str, ...], Import]]:
    """Give the names by which a module would use each import, but for `from m import X as X`."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname,) if alias.asname else tuple(alias.name.split(".")), Import(alias.name)
    else:
        for alias, (name, imported) in zip(node.names, imports_of(node, package), strict=True):
            if alias.asname != alias.name:
                yield (name,), imported


def _strings(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


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
            self._modules[name] = _parse(name, path, self.read_bytes(path))
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


def _parse(name: str, path: Path, text: bytes) -> Module:
    module = Module(name, path, is_package=path.name == "__init__.py")
    try:
        body = ast.parse(text, str(path)).body
    except SyntaxError as error:
        raise CodeDigestError(f"{path} holds no Python that can be read: {error}") from error
    for statement in _run_on_import(body):
        module.statements.append(statement)
        _sort_in(module, statement)
    if "*" in module.imports:
        raise CodeDigestError(f"{path} imports *: name what it takes from {module.imports['*'].module}")
    return module


def _run_on_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Leave out what runs only as a script, and open what only type checkers read."""
    for statement in body:
        test = statement.test if isinstance(statement, ast.If) else None
        if test is not None and chain_of(test)[-1:] == ("TYPE_CHECKING",):
            yield from (*statement.body, *statement.orelse) if isinstance(statement, ast.If) else ()
        elif not (isinstance(test, ast.Compare) and chain_of(test.left) == ("__name__",)):
            yield statement


def _sort_in(module: Module, statement: ast.stmt) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        module.imports.update(imports_of(statement, module.package))
        return
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return
    bound = _bound_by(statement, module.package)
    for name, imported in bound.items():
        if imported is not None:
            module.imports[name] = imported
        else:
            module.definitions.setdefault(name, []).append(statement)
    if not _only_defines(statement):
        module.effects.append(statement)


def _bound_by(statement: ast.stmt, package: str) -> dict[str, Import | None]:
    if isinstance(statement, ast.Assign):
        return bound_names(statement.targets, package)
    return bound_names([statement.target if isinstance(statement, ast.AnnAssign) else statement], package)


def _only_defines(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return all(_is_plain(target) for target in statement.targets)
    if isinstance(statement, ast.AnnAssign):
        return _is_plain(statement.target)
    defining = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)
    return isinstance(statement, defining) or type(statement).__name__ == "TypeAlias"


def _is_plain(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_is_plain(element) for element in target.elts)
    return isinstance(target, ast.Name)
