"""A digest of the code that makes a stage's outcomes: no number to raise by hand; it says which part changed.

From the root functions every loaded name is followed to its top-level definition, through imports, over all
modules of `gem_assets` and of the roots' packages, until a stop. Counted are

- the definitions reached, as canonical syntax (`code.syntax.canonical`) with what each of their names stands
  for. A class counts whole; names in annotations count. Of an enum of constants only the members that are
  named count, unless it is used as a value (iterated, passed on): a new reason of another stage changes
  nothing. `Reason(text)` finds a member by its value, so it needs only those whose value something holds.
- what a reached module runs on import besides defining (`if`, `for`, `try`, calls, `+=`), and its definitions
  decorated by code of ours, which may register them. An import whose name is not used reaches its module too.
- data files: a definition that names `__file__` opens the folder of its module, `importlib.resources.files`
  that of a package. A file there counts when a reached definition holds its name, or an end of it with a dot
  (`*.toml`, `f"{language}_words.txt"`); where none is named, or the folder is walked, all of them count.
  Markdown never does: prompts have versions of their own.
- other distributions that reached definitions use, by version. Python itself does not count.

What cannot be followed without running it (star imports, `eval`, `import_module`, entry points, files outside
the folders opened) is a CodeDigestError. Neither seen nor refused: what a module registers that nothing
reached imports, registering in `__init_subclass__`, and libraries that open files of ours themselves.

The text is that of the process: modules of `gem_assets` are read when this module is imported, other packages
when a root of theirs is first met, data files when first reached. What changes on disk later changes no
digest until the process ends. An edit between the import of some module and of this one goes unnoticed.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from inspect import unwrap
from pathlib import Path
from typing import Literal

import gem_assets
from gem_assets.stages.code.files import (
    NO_RESULT_OF_THEIRS,
    FileUse,
    data_files,
    file_use,
    library_versions,
)
from gem_assets.stages.code.modules import CodeDigestError, EnumParts, Module, split_enum
from gem_assets.stages.code.sources import Defined, Outside, Sources, Target, Whole, label_of
from gem_assets.stages.code.syntax import canonical, chain_of, references_of

STOPS = (
    "gem_assets.extensions",
    "gem_assets.llm",
    "gem_assets.store",
    "gem_assets.orchestration",
    "gem_assets.settings",
)
"""Behind them lies what brings answers and keeps outcomes, or what is hashed by its values."""

Use = Literal["value", "annotation", "call"]

_DYNAMIC = frozenset((
    "eval", "exec", "globals", "__import__", "importlib.import_module", "importlib.__import__",
    "importlib.metadata.entry_points", "runpy.run_path", "runpy.run_module",
))  # fmt: skip


@dataclass(frozen=True)
class CodeDigest:
    """What code makes an outcome: 20 hex digits, and the hash or version of each part.

    Parts are `module:definition`, `module:Enum.MEMBER`, `module:Enum.*`, `module:(on import)`,
    `file:package/path` (12 hex digits each) and `library:import_name` (its version).
    """

    digest: str
    parts: Mapping[str, str]


def code_digest(
    *roots: Callable[..., object] | type,
    stops: Sequence[str] = STOPS,
    files: Sequence[Path] = (),
    libraries: Sequence[str] = (),
) -> CodeDigest:
    """Digest everything that roots use, with further files and distributions (import names).

    Roots are functions or classes at the top level of a module, possibly wrapped. `stops` are dotted names of
    modules or definitions that are not entered.

    Raises:
        CodeDigestError: a root is no top-level definition, or something it uses cannot be followed.
    """
    names = [_name_of(root) for root in roots]
    for module, _ in names:
        _SOURCES.capture_loaded(module)
    return _closure(tuple(stops)).digest(names, files=files, libraries=libraries)


def changed_parts(
    before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, tuple[str | None, str | None]]:
    """List the parts that differ, with both values; None where a part was not used or is not any more."""
    names = sorted(before.keys() | after.keys())
    return {
        name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    }


def _name_of(root: Callable[..., object] | type) -> tuple[str, str]:
    plain = unwrap(root)
    module, name = getattr(plain, "__module__", None), getattr(plain, "__qualname__", "")
    if not isinstance(module, str) or not name.isidentifier():
        raise CodeDigestError(
            f"{root!r} is no function or class at the top level of a module: name one that is"
        )
    return module, name


@dataclass
class _Part:
    """A definition, an enum's member, or what a module runs on import, as far as its own text goes."""

    name: str
    hash: str
    targets: list[tuple[Target, Use]]
    """What its names stand for, and how they are used."""
    files: FileUse


class Closure:
    """Digests over the same sources and stops; what is known of a part is kept from one to the next."""

    def __init__(self, sources: Sources, stops: Sequence[str] = STOPS) -> None:
        self._sources = sources
        self._stops = tuple(stops)
        self._known: dict[str, _Part] = {}
        self._enums: dict[str, EnumParts | None] = {}
        self._on_import: dict[str, list[_Part]] = {}

    def digest(
        self, roots: Iterable[tuple[str, str]], *, files: Sequence[Path] = (), libraries: Sequence[str] = ()
    ) -> CodeDigest:
        """Digest what definitions, given as (module, name), use; see `code_digest`."""
        parts, used = self._walk([Defined(module, name) for module, name in roots])
        found = data_files([part.files for part in parts], self._sources)
        named = {path.name: path for path in files} | found
        if len(named) < len(files) + len(found):
            raise CodeDigestError(f"of {', '.join(map(str, files))} two have one name: rename one")
        digests = {part.name: part.hash for part in parts if part.hash}
        digests |= {f"file:{name}": _hash(self._sources.read_bytes(path)) for name, path in named.items()}
        versions = library_versions({*used, *libraries})
        digests |= {f"library:{name}": version for name, version in versions.items()}
        digests = dict(sorted(digests.items()))
        written = "\n".join(f"{name} {value}" for name, value in digests.items())
        return CodeDigest(sha256(written.encode()).hexdigest()[:20], digests)

    def _walk(self, roots: Sequence[Defined]) -> tuple[list[_Part], set[str]]:
        """Give every part reached and every library used."""
        reached: dict[str, _Part] = {}
        libraries: set[str] = set()
        waiting: list[tuple[Target, Use]] = [(root, "value") for root in roots]
        seen = set(waiting)
        while waiting:
            target, use = waiting.pop()
            if isinstance(target, Outside) and use != "annotation":
                libraries.add(target.path.partition(".")[0])
            for part in self._parts_of(target, use):
                if part.name not in reached:
                    reached[part.name] = part
                    waiting += [further for further in part.targets if further not in seen]
                    seen.update(part.targets)
        for part in reached.values():
            self._refuse_unknown_file(part)
        own = {name for name in libraries if self._sources.is_own(name)}
        return list(reached.values()), libraries - own - NO_RESULT_OF_THEIRS - sys.stdlib_module_names

    def _parts_of(self, target: Target, use: Use) -> Iterator[_Part]:
        if isinstance(target, Whole) and self._sources.holds(target.module):
            yield from self._run_on_import(target.module)
            for name in self._sources.module(target.module).definitions:
                yield from self._definition(Defined(target.module, name), "value")
        elif isinstance(target, Defined):
            yield from self._run_on_import(target.module)
            yield from self._definition(target, use)

    def _definition(self, target: Defined, use: Use) -> Iterator[_Part]:
        module = self._sources.module(target.module)
        statements = module.definitions.get(target.name)
        if statements is None:
            raise CodeDigestError(f"{target.module} has no definition of {target.name} at its top level")
        name = f"{target.module}:{target.name}"
        enum = self._enum(name, module, statements)
        if enum is None:
            yield self._part(name, module, statements)
            return
        yield self._part(name, module, [enum.rest])
        member = target.attributes[0] if target.attributes else None
        if member in enum.members:
            yield self._part(f"{name}.{member}", module, [enum.members[member]])
        elif member is not None or use == "value" or enum.looks_at_members:
            yield self._part(f"{name}.*", module, statements)

    def _enum(self, name: str, module: Module, statements: Sequence[ast.stmt]) -> EnumParts | None:
        if name not in self._enums:
            only = statements[0] if len(statements) == 1 else None
            bases = only.bases if isinstance(only, ast.ClassDef) else ()
            meant = map(partial(self._resolve, module), bases)
            is_enum = any(isinstance(base, Outside) and base.path.startswith("enum.") for base in meant)
            self._enums[name] = split_enum(only) if is_enum and isinstance(only, ast.ClassDef) else None
        return self._enums[name]

    def _run_on_import(self, name: str) -> list[_Part]:
        """What runs when a module is imported, with the packages above it."""
        if name not in self._on_import:
            parents = name.split(".")
            above = (".".join(parents[:length]) for length in range(1, len(parents) + 1))
            seen: set[str] = set()
            self._on_import[name] = [
                part for one in above if self._sources.holds(one) for part in self._effects(one, seen)
            ]
        return self._on_import[name]

    def _effects(self, name: str, seen: set[str]) -> Iterator[_Part]:
        if name in seen:
            return
        seen.add(name)
        module = self._sources.module(name)
        if module.effects:
            yield self._part(f"{name}:(on import)", module, module.effects)
        for definition, statements in module.definitions.items():
            if any(self._may_register(module, statement) for statement in statements):
                yield from self._definition(Defined(name, definition), "value")
        for imported in module.imports_for_effect:
            target = self._sources.follow(imported, (), self._stops)
            if isinstance(target, Defined | Whole) and self._sources.holds(target.module):
                yield from self._effects(target.module, seen)

    def _may_register(self, module: Module, statement: ast.stmt) -> bool:
        """Say whether a definition has a decorator of ours, which may note it down somewhere."""
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
        decorators = (node.func if isinstance(node, ast.Call) else node for node in statement.decorator_list)
        return any(isinstance(self._resolve(module, node), Defined) for node in decorators)

    def _resolve(self, module: Module, node: ast.expr) -> Target | None:
        chain = chain_of(node)
        return self._sources.resolve(module.name, chain, self._stops) if chain else None

    def _part(self, name: str, module: Module, statements: Sequence[ast.stmt]) -> _Part:
        if name not in self._known:
            self._known[name] = self._analyse(name, module, statements)
        return self._known[name]

    def _analyse(self, name: str, module: Module, statements: Sequence[ast.stmt]) -> _Part:
        meanings: dict[tuple[str, ...], Target | None] = {}
        targets: dict[tuple[Target, Use], None] = {}
        meant: set[str] = set()
        for reference in references_of(statements, module.package):
            chain = reference.chain
            target = self._sources.resolve(module.name, chain, self._stops, reference.imported)
            meanings[chain] = target
            _refuse_dynamic(name, ".".join(chain) if target is None else target)
            if target is not None:
                targets[target, reference.use] = None
                meant.add(f"{'.'.join(chain)} = {label_of(target)}")
        written = [*map(canonical, statements), *sorted(meant)]
        hashed = _hash("\n".join(written).encode())
        return _Part(name, hashed, list(targets), file_use(statements, module, meanings, self._sources))

    def _refuse_unknown_file(self, part: _Part) -> None:
        """Refuse code that reads a file of no folder which it, or a definition it names, opens."""
        if not part.files.reads or part.files.folders:
            return
        named = [inner for target, _ in part.targets for inner in self._parts_of(target, "annotation")]
        if not any(inner.files.folders for inner in named):
            raise CodeDigestError(
                f"{part.name} reads a file that its text does not show: name it with __file__ or "
                "importlib.resources.files there, or stop at this definition and give the digest the file"
            )


@cache
def _closure(stops: tuple[str, ...]) -> Closure:
    return Closure(_SOURCES, stops)


def _refuse_dynamic(part: str, target: Target | str) -> None:
    name = target.path if isinstance(target, Outside) else target
    if name in _DYNAMIC:
        raise CodeDigestError(
            f"{part} uses {name}, which cannot be followed: import what it needs by name, or stop at this "
            "definition and give the digest what it brings as further roots"
        )


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]


_SOURCES = Sources()
_SOURCES.capture("gem_assets", map(Path, gem_assets.__path__))
