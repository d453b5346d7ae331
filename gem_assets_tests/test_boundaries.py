"""What holds for the code as a whole: one door per dependency, small pieces, prose in files."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from gem_assets.records.outcome import FailureReason, Reason

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "gem_assets"
TESTS = CHECKOUT / "gem_assets_tests"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Which rooms (folders, or modules of the package itself) may import what. An empty set: nobody.
DOORS = {
    "dagster": {"orchestration", "definitions.py"},
    "dagster_duckdb": {"orchestration", "definitions.py"},
    "litellm": {"llm"},
    "duckdb": {"store"},
    "pandas": {"reports", "datasets"},
    "torch": set[str](),
    "trl": set[str](),
    "transformers": set[str](),
}
# Run in the trainer's environment, never imported by the product.
SCRIPTS = PACKAGE / "training" / "scripts"
OF_THE_TRAINER = ("torch", "trl", "transformers")
# Each may import those before it, and none after it.
LAYERS = ("records", "verification", "prompts", "llm", "stages", "orchestration")
ORCHESTRATION = ("resources", "assets", "instance", "jobs", "runs")
# The one module that reads the variables of the process; what reaches other processes; switches of libraries.
PROCESS_ENVIRONMENT = {
    "settings.py",
    *("orchestration/instance/opening.py", "orchestration/resources/progress.py"),
    *("orchestration/runs/worker.py", "training/trainer.py", "offline/laws/table.py"),
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
    found: list[tuple[int, str]] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, "." * node.level + (node.module or "")))
    return found


def height(node: ast.stmt | ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_there_is_something_to_look_at():
    assert len(MODULES) > 60


@pytest.mark.parametrize("dependency", DOORS)
def test_a_dependency_has_one_door(dependency: str):
    elsewhere = [
        f"{told(path)}:{line}"
        for path in MODULES
        if room(path) not in DOORS[dependency]
        if not (dependency in OF_THE_TRAINER and SCRIPTS in path.parents)
        for line, name in imports(path)
        if name.split(".")[0] == dependency
    ]
    assert elsewhere == []


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


def test_the_trainers_scripts_stand_by_themselves():
    scripts = sorted(SCRIPTS.glob("*.py"))
    names = {path.stem for path in scripts}
    product = [
        f"{told(path)}:{line}"
        for path in scripts
        for line, name in imports(path)
        if name.startswith("gem_assets")
    ]
    assert product == []
    users = [
        f"{told(path)}:{line}"
        for path in MODULES
        if path not in scripts
        for line, name in imports(path)
        if name in names or name.startswith("gem_assets.training.scripts")
    ]
    assert names
    assert users == []


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_none_that_is_above_it(layer: str):
    above = {f"gem_assets.{name}" for name in LAYERS[LAYERS.index(layer) + 1 :]}
    upward = [
        f"{told(path)}:{line} {name}"
        for path in MODULES
        if room(path) == layer
        for line, name in imports(path)
        if ".".join(name.split(".")[:2]) in above
    ]
    assert upward == []


def test_the_rooms_of_orchestration_import_none_that_is_above_them():
    folder = PACKAGE / "orchestration"
    rooms = {path.name for path in folder.iterdir() if (path / "__init__.py").is_file()}
    assert rooms == set(ORCHESTRATION)
    assert [path.name for path in folder.glob("*.py")] == ["__init__.py"]
    upward = [
        f"{told(path)}:{line} {name}"
        for place, inner in enumerate(ORCHESTRATION)
        for path in (folder / inner).rglob("*.py")
        for line, name in imports(path)
        if name.startswith(tuple(f"gem_assets.orchestration.{above}" for above in ORCHESTRATION[place + 1 :]))
        # It loads all rooms, so only the room above all others may import it.
        or (name == "gem_assets.definitions" and inner != ORCHESTRATION[-1])
    ]
    assert upward == []


def test_modules_are_imported_by_their_full_names():
    relative = [
        f"{told(path)}:{line}"
        for path in MODULES + sorted(TESTS.rglob("*.py"))
        for line, name in imports(path)
        if name.startswith(".")
    ]
    assert relative == []


def test_annotations_are_not_put_off():
    later = [told(path) for path in MODULES if "__future__" in {name for _, name in imports(path)}]
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
    assert [told(path) for path in TESTS.rglob("__init__.py")] == []
    mocking = [
        told(path)
        for path in sorted(TESTS.rglob("*.py"))
        for _, name in imports(path)
        if name.startswith(("unittest.mock", "mock", "pytest_mock"))
    ]
    assert mocking == []
