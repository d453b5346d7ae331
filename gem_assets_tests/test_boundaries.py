"""What holds for the code as a whole: rooms point one way, one door per dependency, prose in files."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from gem_assets.records.outcome import FailureReason, Reason

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "gem_assets"
TESTS = CHECKOUT / "gem_assets_tests"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Every room (folder, or module of the package itself) from the ground up. A room imports from the lines above
# its own, never from its own line or those below it.
LAYERS = (
    ("records", "extensions.py"),
    ("settings.py", "prompts", "display", "intervals.py"),
    ("store", "verification", "offline"),
    ("corpus", "llm"),
    ("configuration.py",),
    ("stages",),
    ("pipeline.py", "datasets", "calibration"),
    ("training",),
    ("itool",),
    ("evaluation",),
    ("reports",),
    ("orchestration",),
    ("definitions.py",),
    ("commands",),
    ("cli.py", "__init__.py"),
)
# The same inside a room.
INNER_LAYERS = {
    "orchestration": (("resources",), ("assets",), ("instance",), ("jobs",), ("runs",)),
    "reports": (
        ("queries.py", "audit", "examination.py", "verification_text.py"),
        ("benchmarks", "comparison", "costs", "itool", "judges", "viewer"),
        ("yields",),
    ),
}

# Which rooms may import what: every dependency of pyproject.toml, and sqlite3.
DOORS = {
    "aiohttp": {"evaluation"},
    "cel": {"verification", "offline"},
    "click": {"commands", "cli.py"},
    "dagster": {"orchestration", "definitions.py"},
    "dagster_duckdb": {"orchestration"},
    "dagster_webserver": set[str](),
    "dotenv": {"settings.py"},
    "duckdb": {"store"},
    "httpx": {"itool"},
    "jinja2": {"datasets", "reports"},
    "jsonschema": {"verification", "offline"},
    "lemminflect": {"offline"},
    "litellm": {"llm"},
    "markupsafe": {"reports"},
    "orjson": {"corpus"},
    "pandas": set[str](),
    "py3langid": {"stages"},
    "pyarrow": {"store", "corpus", "datasets"},
    "pydantic": {
        *("records", "settings.py", "store", "verification", "llm", "stages"),
        *("datasets", "training", "itool", "evaluation", "orchestration"),
    },
    "pydantic_core": {"verification"},
    "rensa": {"datasets"},
    "resiliparse": {"corpus"},
    "sqlite3": {"store", "llm"},
    "tiktoken": {"datasets"},
    "tokenizers": {"datasets"},
    "vl_convert": {"reports"},
}
# Distributions that are imported by another name than their own.
IMPORT_NAMES = {
    "common-expression-language": "cel",
    "python-dotenv": "dotenv",
    "vl-convert-python": "vl_convert",
}
# Not declared, because what is declared cannot be without them.
BROUGHT_ALONG = {"markupsafe": "jinja2", "pydantic_core": "pydantic"}
# Declared, and imported by no module of ours.
NOT_IMPORTED = {
    "dagster_webserver": "`make ui` starts it as a process",
    "pandas": "DuckDB loads it to take Arrow in",
}
# Scripts of other environments, never imported by the product, and what they find there.
SCRIPTS = {
    "training/scripts": {
        *("torch", "transformers", "trl", "peft", "datasets", "tokenizers", "llguidance", "dagster_pipes"),
    },
    "evaluation/harness": {"bfcl_eval", "tau2", "loguru"},
}

# What a module imports that its room may not, and why it may.
EXCEPTIONS = {
    ("orchestration/instance/ui.py", "definitions.py"): "the name that Dagster's own server is started with",
}
# The same, but to be mended: bodies of commands that move to `commands/`.
# The one module that reads the variables of the process; what reaches other processes; switches of libraries.
PROCESS_ENVIRONMENT = {
    "settings.py",
    *("orchestration/instance/opening.py", "orchestration/resources/progress.py"),
    *(
        "orchestration/runs/worker.py",
        "training/trainer.py",
    ),
    *("llm/provider.py", "datasets/tokens.py"),
    *(
        f"training/scripts/{name}.py"
        for name in ("checkpoints", "policy", "preference", "serve", "sft", "telling")
    ),
    *("evaluation/harness/bfcl_driver.py", "evaluation/harness/tau2_driver.py"),
}
# Modules that make settings out of the variables.
PARSERS = {
    "settings.py",
    "configuration.py",
    "llm/configuration.py",
    "llm/roles.py",
    "llm/money/budget.py",
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
MODULE_LINES, FUNCTION_LINES, STRING_LINES = 300, 40, 10
# Rooms of sql/ whose every file is read, whatever it is called.
READ_WHOLE = ("tables", "views", "checks")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def texts(folder: Path) -> str:
    """All Python of a folder but this file."""
    return "\n".join(path.read_text("utf-8") for path in folder.rglob("*.py") if path != Path(__file__))


def told(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


@cache
def imports(path: Path) -> list[tuple[int, str]]:
    """Each imported name in full, with its line; a name of ours in a string is an import that runs later."""
    found: list[tuple[int, str]] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            found += [(node.lineno, f"{start}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in by_name():
            found.append((node.lineno, node.value))
    return found


@cache
def by_name() -> dict[str, Path]:
    """Every module that holds code by its full name."""
    code = [path for path in MODULES if path.name != "__init__.py"]
    return {".".join(path.relative_to(CHECKOUT).with_suffix("").parts): path for path in code}


@cache
def scripts() -> list[Path]:
    return [path for folder in SCRIPTS for path in sorted((PACKAGE / folder).glob("*.py"))]


def inside(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def rooms_of(folder: Path) -> set[str]:
    """The rooms in a folder: its folders with code, and its modules but an empty `__init__.py`."""
    folders = {path.relative_to(folder).parts[0] for path in folder.rglob("*.py") if path.parent != folder}
    return folders | {path.name for path in folder.glob("*.py") if path.read_bytes()}


def inner_imports(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Each import of one room of a folder by another: the module, its room, the room that it imports."""
    start = ".".join(folder.relative_to(CHECKOUT).parts) + "."
    for path in folder.rglob("*.py"):
        own = path.relative_to(folder).parts[0]
        for _, name in imports(path):
            head = name.removeprefix(start).split(".")[0] if name.startswith(start) else ""
            other = head if (folder / head).is_dir() else f"{head}.py"
            if head and other != own:
                yield inside(path), own, other


def upward(folder: Path, layers: Sequence[Sequence[str]]) -> set[tuple[str, str]]:
    """What is imported from a room's own layer or one above it: modules with rooms."""
    heights = {name: height for height, layer in enumerate(layers) for name in layer}
    top = len(layers)  # of what is no room: names that the package itself hands on
    return {
        (module, other)
        for module, own, other in inner_imports(folder)
        if heights.get(other, top) >= heights.get(own, top)
    }


def third_party() -> Iterator[tuple[Path, str]]:
    """Each module of the product with each package that it imports and that is not ours."""
    for path in MODULES:
        for _, name in imports(path):
            package = name.split(".")[0]
            known = package in sys.stdlib_module_names and package not in DOORS
            if path not in scripts() and package != "gem_assets" and not known:
                yield path, package


def height(node: ast.stmt | ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_there_is_something_to_look_at():
    assert len(MODULES) > 60


def test_every_room_has_one_layer():
    listed = [name for layer in LAYERS for name in layer]
    assert len(listed) == len(set(listed))
    assert set(listed) == rooms_of(PACKAGE)


def test_the_environment_of_the_process_is_read_in_one_place():
    readers = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if re.search(
            r"\bos\.(environ|environb|getenv|putenv)\b|from os import .*environ", path.read_text("utf-8")
        )
    }
    assert readers == PROCESS_ENVIRONMENT


def test_settings_are_parsed_by_those_who_read_the_configuration_alone():
    parsing = re.compile(r"\b(child_)?environment(\.get\(|\[)")
    parsers = {
        path.relative_to(PACKAGE).as_posix() for path in MODULES if parsing.search(path.read_text("utf-8"))
    }
    assert parsers == PARSERS


def test_commands_have_one_room_that_no_other_needs():
    outside = [path for path in MODULES if room(path) != "commands"]
    assert [told(path) for path in outside if path.stem.startswith("command")] == []
    needing = {
        room(path) for path in outside for _, name in imports(path) if name.startswith("gem_assets.commands")
    }
    assert needing == {"cli.py"}


def test_a_room_imports_only_rooms_below_it():
    allowed = {edge for edge in EXCEPTIONS if edge[1] not in DOORS}
    assert upward(PACKAGE, LAYERS) == allowed


@pytest.mark.parametrize("room", INNER_LAYERS)
def test_the_rooms_of_a_room_point_one_way(room: str):
    listed = [name for layer in INNER_LAYERS[room] for name in layer]
    assert sorted(listed) == sorted(rooms_of(PACKAGE / room))
    assert upward(PACKAGE / room, INNER_LAYERS[room]) == set()


def test_no_modules_import_each_other_in_a_circle():
    modules = by_name()
    graph = {
        name: {
            other
            for _, imported in imports(path)
            for other in (imported, imported.rpartition(".")[0])
            if other in modules and other != name
        }
        for name, path in modules.items()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


def test_every_dependency_has_a_door_and_every_door_a_dependency():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[^\w-]", dependency)[0] for dependency in project["dependencies"]]
    declared = {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in names}
    assert declared | set(BROUGHT_ALONG) | {"sqlite3"} == set(DOORS)
    assert set(BROUGHT_ALONG.values()) <= declared
    assert set(NOT_IMPORTED) == {package for package, names in DOORS.items() if not names}


def test_a_dependency_is_imported_through_its_doors_and_each_of_them_is_used():
    used = {(inside(path), package) for path, package in third_party()}
    allowed = {edge for edge in EXCEPTIONS if edge[1] in DOORS}
    doors = {(package, name) for package, names in DOORS.items() for name in names}
    through = {(package, path.split("/")[0]) for path, package in used - allowed}
    assert through == doors
    assert allowed <= used


@pytest.mark.parametrize("folder", SCRIPTS)
def test_the_scripts_of_other_environments_stand_by_themselves(folder: str):
    own = {path.stem for path in scripts() if path.parent == PACKAGE / folder} - {"__init__"}
    assert own
    wanted = {
        name.split(".")[0]
        for path in scripts()
        if path.parent == PACKAGE / folder
        for _, name in imports(path)
    }
    assert wanted - own - set(sys.stdlib_module_names) == SCRIPTS[folder]
    start = f"gem_assets.{folder.replace('/', '.')}."
    users = [
        f"{told(path)}:{line}"
        for path in MODULES
        if path not in scripts()
        for line, name in imports(path)
        if name.split(".")[0] in own or f"{name}.".startswith(start)
    ]
    assert users == []


def test_modules_are_imported_by_their_full_names():
    relative = [
        f"{told(path)}:{line}"
        for path in MODULES + sorted(TESTS.rglob("*.py"))
        for line, name in imports(path)
        if name.startswith(".")
    ]
    assert relative == []


def test_annotations_are_not_put_off():
    later = [
        told(path) for path in MODULES if "__future__" in {name.split(".")[0] for _, name in imports(path)}
    ]
    assert later == []


def test_modules_are_short():
    lines = {told(path): path.read_text("utf-8").count("\n") for path in MODULES}
    assert {path: count for path, count in lines.items() if count > MODULE_LINES} == {}


def test_functions_are_short():
    long = {
        f"{told(path)}:{node.lineno} {node.name}": height(node)
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and height(node) > FUNCTION_LINES
    }
    assert long == {}


def test_long_prose_and_sql_stand_in_files_of_their_own():
    long: list[str] = []
    for path in MODULES:
        # A string that is a statement of its own is a docstring, of a module, a function or a field.
        docstrings = {node.value for node in nodes(path) if isinstance(node, ast.Expr)}
        long += [
            f"{told(path)}:{node.lineno}"
            for node in nodes(path)
            if isinstance(node, ast.JoinedStr)
            or (isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings)
            if height(node) > STRING_LINES
        ]
    assert long == []


def test_every_module_says_what_belongs_in_it_and_every_init_is_empty():
    inits = [path for path in MODULES if path.name == "__init__.py" and path.parent != PACKAGE]
    assert [told(path) for path in inits if path.read_bytes()] == []
    silent = [told(path) for path in MODULES if path not in inits and not ast.get_docstring(tree(path))]
    assert silent == []
    assert len(tree(PACKAGE / "__init__.py").body) == 1


def test_no_name_of_a_module_or_room_is_vague():
    parts = {told(path): {part.removesuffix(".py") for part in path.parts[-3:]} for path in MODULES}
    assert [path for path, names in parts.items() if names & VAGUE] == []


def test_no_error_of_any_kind_is_passed_over():
    silent = [
        f"{told(path)}:{node.lineno}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and [type(line) for line in node.body] == [ast.Pass]
    ]
    assert silent == []


@pytest.mark.parametrize("kind", [Reason, FailureReason])
def test_every_reason_occurs_in_a_test(kind: type[Reason] | type[FailureReason]):
    tried = texts(TESTS)
    patterns = {reason: rf"\.{reason.name}\b|[\"']{reason.value}[\"']" for reason in kind}
    assert [str(reason) for reason, pattern in patterns.items() if not re.search(pattern, tried)] == []


def test_every_sql_file_is_read_by_its_name_or_with_its_room():
    package, unread = texts(PACKAGE), list[str]()
    for path in sorted((CHECKOUT / "sql").rglob("*.sql")):
        folder = path.parent.relative_to(CHECKOUT / "sql").as_posix()
        whole = folder in READ_WHOLE or re.search(rf"sql_names\(\s*[\"']{folder}[\"']", package)
        inside = "/".join(path.relative_to(CHECKOUT / "sql").with_suffix("").parts[1:])
        if not whole and f'"{inside}"' not in package:
            unread.append(told(path))
    assert unread == []


def test_every_prompt_is_used_by_its_name():
    prompts = sorted((PACKAGE / "prompts").glob("*.md"))
    assert prompts
    assert [told(path) for path in prompts if f'"{path.stem}"' not in texts(PACKAGE)] == []


def test_tests_are_found_without_init_files_and_use_fakes_not_mocks():
    packages = [path for path in TESTS.rglob("__init__.py") if TESTS / "data" not in path.parents]
    assert packages == []
    mocking = [
        told(path)
        for path in sorted(TESTS.rglob("*.py"))
        for _, name in imports(path)
        if name.startswith(("unittest.mock", "mock", "pytest_mock"))
    ]
    assert mocking == []
