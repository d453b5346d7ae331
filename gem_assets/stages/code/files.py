"""Which data files code reads, as far as its text shows it, and the versions of the libraries it uses."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from gem_assets.stages.code.modules import CodeDigestError, Module
from gem_assets.stages.code.sources import Defined, Outside, Sources, Target, Whole
from gem_assets.stages.code.syntax import chain_of, children

NO_RESULT_OF_THEIRS = frozenset(("pydantic", "typing_extensions"))
"""Import names whose version is not counted. pydantic declares every record, so that each of its releases
would make everything stale; what decides over a record is our own declaration. pydantic_core, which runs the
regular expressions of tools' schemas, counts where it is used."""

_READERS = frozenset(("open", "read_text", "read_bytes"))
_WALKERS = frozenset(("iterdir", "glob", "rglob", "walk", "listdir", "scandir"))
_RESOURCES = re.compile(r"importlib\.resources\.(?!as_file$|abc\.)\w+|pkgutil\.get_data")
_NO_DATA = frozenset((".py", ".pyi", ".pyc", ".md"))


@dataclass(frozen=True)
class Folder:
    """A folder that code opens; `name` as in `gem_assets/offline`, the same on every machine."""

    path: Path
    name: str


@dataclass
class FileUse:
    """What the text of a definition shows of the files it reads."""

    literals: set[str] = field(default_factory=set[str])
    folders: set[Folder] = field(default_factory=set[Folder])
    walks: bool = False
    reads: bool = False


def file_use(
    statements: Sequence[ast.stmt],
    module: Module,
    meanings: Mapping[tuple[str, ...], Target | None],
    sources: Sources,
) -> FileUse:
    """Look for folders that are opened, files that are named, and reading; `meanings` of the names loaded.

    Raises:
        CodeDigestError: which folder is opened cannot be seen.
    """
    use = FileUse()
    if any(chain[0] == "__file__" and target is None for chain, target in meanings.items()):
        _refuse_climbing(statements, module)
        use.folders.add(_own_folder(module))
    for node in (node for statement in statements for node in _walk(statement)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            use.literals.add(node.value)
        elif isinstance(node, ast.Attribute) and node.attr in _WALKERS:
            use.walks = True
        elif isinstance(node, ast.Call):
            target = meanings.get(chain_of(node.func))
            use.reads = use.reads or _is_reading(node, target)
            if isinstance(target, Outside) and _RESOURCES.fullmatch(target.path):
                use.folders.add(_package_folder(node, module, meanings, sources))
    return use


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Walk syntax without docstrings."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield node
        for inner in children(node):
            yield from _walk(inner)


def _is_reading(call: ast.Call, target: Target | None) -> bool:
    if isinstance(target, Defined) and not target.attributes:
        return False  # a function of ours that is called like that, and followed anyway
    if isinstance(call.func, ast.Name):
        return call.func.id == "open"
    return isinstance(call.func, ast.Attribute) and call.func.attr in _READERS


def _refuse_climbing(statements: Sequence[ast.stmt], module: Module) -> None:
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Attribute) and (
            node.attr == "parents"
            or (
                node.attr == "parent"
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "parent"
            )
        ):
            raise CodeDigestError(
                f"{module.name} leaves its folder by __file__, where the digest cannot follow: keep the file "
                "beside the module, or open its package by importlib.resources.files"
            )


def _own_folder(module: Module) -> Folder:
    return Folder(module.path.parent, module.package.replace(".", "/"))


def _package_folder(
    call: ast.Call, module: Module, meanings: Mapping[tuple[str, ...], Target | None], sources: Sources
) -> Folder:
    named = call.args[0] if call.args else None
    if isinstance(named, ast.Name) and named.id in ("__package__", "__name__"):
        return _own_folder(module)
    package = named.value if isinstance(named, ast.Constant) else None
    target = meanings.get(chain_of(named)) if named is not None else None
    if isinstance(target, Whole):
        package = target.module
    folder = sources.folder_of(package) if isinstance(package, str) else None
    if folder is None:
        raise CodeDigestError(
            f"{module.name} opens a package that its text does not name: write the name there"
        )
    return Folder(folder, str(package).replace(".", "/"))


def data_files(uses: Collection[FileUse], sources: Sources) -> dict[str, Path]:
    """Choose, of the folders opened, the files that are named; all of a folder where none is named."""
    literals = {literal for use in uses for literal in use.literals}
    walked = {folder for use in uses if use.walks for folder in use.folders}
    chosen: dict[str, Path] = {}
    for folder in {folder for use in uses for folder in use.folders}:
        held = {name: path for name, path in sources.listing(folder.path).items() if _is_data(path)}
        named = {name: path for name, path in held.items() if _is_named(path.name, literals)}
        taken = held if folder in walked or not named else named
        chosen |= {f"{folder.name}/{name}": path for name, path in taken.items()}
    return chosen


def _is_data(path: Path) -> bool:
    return path.suffix not in _NO_DATA and not path.name.startswith(".")


def _is_named(name: str, literals: Iterable[str]) -> bool:
    ends = (literal.rpartition("/")[2].rpartition("*")[2] for literal in literals)
    return any("." in end and name.endswith(end) for end in ends)


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Give the version of the distribution that holds each import name."""
    return {name: _version(name) for name in names}


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        # Distributed under another name. `packages_distributions` would know, after 0.3 s of parsing.
        holding = {one.name: one.version for one in metadata.distributions() if _holds(one, name)}
        return ", ".join(f"{one} {version}" for one, version in sorted(holding.items())) or "not installed"


def _holds(distribution: metadata.Distribution, name: str) -> bool:
    record = "\n" + (distribution.read_text("RECORD") or "")
    listed = (distribution.read_text("top_level.txt") or "").split()
    return f"\n{name}/" in record or f"\n{name}." in record or name in listed
