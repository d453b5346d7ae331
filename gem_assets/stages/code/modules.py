"""A module's text, taken apart into what its names stand for and what it runs on import.

Which definition a name of another module stands for: `sources.py`.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gem_assets.stages.code.syntax import Import, bound_names, chain_of, imports_of, references_of


class CodeDigestError(ValueError):
    """Code that cannot be followed without running it; the message names the definition and a remedy."""


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


def parse_module(name: str, path: Path, text: bytes) -> Module:
    """Take a module's text apart.

    Raises:
        CodeDigestError: it is no Python, or imports `*`.
    """
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


@dataclass(frozen=True)
class EnumParts:
    """An enum of constants in parts: its members by name, and the class without them."""

    members: Mapping[str | None, ast.stmt]
    rest: ast.ClassDef
    looks_at_members: bool
    """Its methods may go over the members without naming them."""


def split_enum(definition: ast.ClassDef) -> EnumParts | None:
    """Take an enum apart; None where a member is no constant, so that it may depend on its neighbours."""
    assigned = [statement for statement in definition.body if isinstance(statement, ast.Assign)]
    members: dict[str | None, ast.stmt] = {}
    for statement in assigned:
        for target in statement.targets:
            if not isinstance(target, ast.Name) or not isinstance(statement.value, ast.Constant):
                return None
            members[target.id] = statement
    body = [statement for statement in definition.body if statement not in assigned]
    rest = copy(definition)
    rest.body = body
    names = {node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return EnumParts(members, rest, looks_at_members=not names.isdisjoint(("cls", "type", "__class__")))
