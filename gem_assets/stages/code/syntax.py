"""Python syntax as a canonical string, and the names that a piece of syntax loads.

Standard library only, so that any Python can run it. Which definition a name stands for: `sources.py`.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

_NOT_SYNTAX = frozenset(("ctx", "kind", "type_comment"))
_GENERICS = frozenset(("tuple", "list", "dict", "set", "frozenset", "type"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def canonical(node: ast.AST) -> str:
    """Write syntax as ASCII text that is the same for every Python from 3.11 on.

    Left out: positions, docstrings and other bare constants, `pass`, absent and empty fields (so a field that
    only a later Python has changes nothing until it is used), type comments.
    """
    written: list[str] = []
    _write(node, written)
    return "".join(written)


def _write(node: ast.AST, written: list[str]) -> None:
    written.append(f"({type(node).__name__}")
    if isinstance(node, ast.Constant):
        written.append(f" {_constant(node.value)}")
    else:
        for name in _fields(type(node)):
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if not (isinstance(value, ast.JoinedStr) and not _joined(value.values)):
                    written.append(f" {name}:")
                    _write(value, written)
            elif isinstance(node, ast.JoinedStr):
                _write_list(name, _joined(node.values), written)
            elif isinstance(value, list):
                _write_list(name, cast(list[object], value), written)
            elif value is not None:
                written.append(f" {name}:{_constant(value)}")
    written.append(")")


def _write_list(name: str, items: list[object], written: list[str]) -> None:
    items = [item for item in items if not _says_nothing(item)]
    if items:
        written.append(f" {name}:[")
        for item in items:
            if isinstance(item, ast.AST):
                _write(item, written)
            else:
                written.append(f"{_constant(item)} ")
        written.append("]")


@cache
def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return tuple(name for name in kind._fields if name not in _NOT_SYNTAX)


def children(node: ast.AST) -> list[ast.AST]:
    """List the parts of a piece of syntax."""
    found: list[ast.AST] = []
    for name in _fields(type(node)):
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in cast(list[object], value) if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def _says_nothing(item: object) -> bool:
    return isinstance(item, ast.Pass) or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))


def _constant(value: object) -> str:
    """Write a constant. `ascii` escapes alike in every version; Python refuses huge integers as decimals."""
    return f"int {value:x}" if type(value) is int else f"{type(value).__name__} {value!a}"


def _joined(values: Sequence[ast.expr]) -> list[object]:
    """Merge neighbouring literal parts of an f-string and drop empty ones: Pythons cut them differently."""
    merged: list[object] = []
    for value in values:
        last = merged[-1] if merged else None
        if not isinstance(value, ast.Constant):
            merged.append(value)
        elif isinstance(last, ast.Constant):
            merged[-1] = ast.Constant(f"{last.value}{value.value}")
        elif value.value:
            merged.append(value)
    return merged


@dataclass(frozen=True)
class Import:
    """What an import binds a name to: a module, or a name in a module."""

    module: str
    name: str | None = None


@dataclass(frozen=True)
class Reference:
    """A name that is loaded, with the attributes taken from it: `("Reason", "value")`."""

    chain: tuple[str, ...]
    use: Literal["value", "annotation", "call"]
    """`call`: called with one positional argument, as an enum is to look a member up by its value."""
    imported: Import | None = None
    """The import inside the function that binds the first name."""


def imports_of(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, Import]]:
    """Give the names an import statement binds; `*` for a star import. `package` resolves leading dots."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            head = alias.name.partition(".")[0]
            yield (alias.asname, Import(alias.name)) if alias.asname else (head, Import(head))
        return
    base = package.split(".")
    base = base[: len(base) - (node.level - 1)] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    for alias in node.names:
        yield alias.asname or alias.name, Import(module, alias.name)


def bound_names(nodes: Iterable[ast.AST], package: str) -> dict[str, Import | None]:
    """Give every name that statements bind in their own scope, with its import where it is one."""
    bound: dict[str, Import | None] = {}
    elsewhere: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(imports_of(node, package))
        elif isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere.update(node.names)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            bound[node.name] = None
        elif isinstance(node, _COMPREHENSIONS):
            waiting += [inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)]
        elif not isinstance(node, ast.Lambda):
            bound.update(dict.fromkeys(_names_bound_by(node)))
            waiting += children(node)
    return {name: imported for name, imported in bound.items() if name not in elsewhere}


def _names_bound_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


def references_of(nodes: Iterable[ast.AST], package: str) -> list[Reference]:
    """List the names that statements of a module's top level load, without those local to a function."""
    collector = _Collector(package)
    for node in nodes:
        collector.visit(node)
    return list(collector.references)


def chain_of(node: ast.AST) -> tuple[str, ...]:
    """Read `a.b.c` as its names; empty where the expression is anything else."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else ()


class _Collector(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.references: dict[Reference, None] = {}
        self._package = package
        self._scopes: list[dict[str, Import | None]] = []
        self._in_annotation = False
        self._in_literal = False

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Store):
            self._add((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain = chain_of(node)
        if chain:
            self._add(chain)
        else:
            self.visit(node.value)

    def generic_visit(self, node: ast.AST) -> None:
        self._visit_all(children(node))

    def visit_Call(self, node: ast.Call) -> None:
        chain = chain_of(node.func)
        if chain and len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
            self._add(chain, "call")
            self.visit(node.args[0])
        else:
            self.generic_visit(node)

    def _add(self, chain: tuple[str, ...], use: Literal["value", "call"] = "value") -> None:
        how = "annotation" if self._in_annotation else use
        for scope in reversed(self._scopes):
            if chain[0] in scope:
                imported = scope[chain[0]]
                if imported is not None:
                    self.references[Reference(chain, how, imported)] = None
                return
        self.references[Reference(chain, how)] = None

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_all(node.decorator_list)
        self._visit_arguments(node.args)
        self._annotation(node.returns)
        self._scoped(node.args, node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_arguments(node.args)
        self._scoped(node.args, [node.body])

    def _visit_arguments(self, arguments: ast.arguments) -> None:
        self._visit_all(arguments.defaults)
        self._visit_all(default for default in arguments.kw_defaults if default is not None)
        for argument in _all_arguments(arguments):
            self._annotation(argument.annotation)

    def _scoped(self, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        names = {argument.arg: None for argument in _all_arguments(arguments)}
        self._scopes.append(bound_names(body, self._package) | names)
        self._visit_all(body)
        self._scopes.pop()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        # The first iterable is evaluated outside: `[x for x in x]` loads an x from there.
        self.visit(node.generators[0].iter)
        targets = [generator.target for generator in node.generators]
        self._scopes.append(bound_names(targets, self._package))
        self.generic_visit(node)
        self._scopes.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        self._annotation(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def _annotation(self, node: ast.AST | None) -> None:
        before, self._in_annotation = self._in_annotation, True
        if node is not None:
            self.visit(node)
        self._in_annotation = before

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        chain = chain_of(node.value)
        before, self._in_literal = self._in_literal, chain[-1:] == ("Literal",)
        # `tuple[Reason, str]` outside an annotation is an alias of a type, no use of its members.
        if len(chain) == 1 and chain[0] in _GENERICS:
            self._annotation(node.slice)
        else:
            self.visit(node.slice)
        self._in_literal = before

    def visit_Constant(self, node: ast.Constant) -> None:
        """Follow a name written as text where it stands in an annotation."""
        if self._in_annotation and not self._in_literal and isinstance(node.value, str):
            try:
                quoted = ast.parse(node.value, mode="eval")
            except SyntaxError:
                return  # prose in Annotated[…], no name
            self.visit(quoted.body)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def _all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return named + [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
