"""Canonical syntax is the same for every Python, however a text is laid out."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gem_assets.stages.code import syntax
from gem_assets.stages.code.syntax import canonical

FIXTURE = Path(__file__).parents[1] / "data" / "canonical_fixture.py.txt"
EXPECTED = "895eefd66cc180cf1773"
"""Of the fixture, equal under 3.11, 3.12 and 3.13. It may only change with `canonical` or the fixture."""

SCRIPT = """
import ast, hashlib, runpy, sys
canonical = runpy.run_path(sys.argv[1])["canonical"]
with open(sys.argv[2], encoding="utf-8") as file:
    written = [canonical(statement) for statement in ast.parse(file.read()).body]
print(hashlib.sha256("\\n".join(written).encode("ascii")).hexdigest()[:20])
"""


def other_pythons() -> list[str]:
    """Find interpreters of other versions: on the path, and those of pyenv and uv."""
    named = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    roots = (os.environ.get("PYENV_ROOT", "~/.pyenv") + "/versions", "~/.local/share/uv/python")
    installed = [path for root in roots for path in Path(root).expanduser().glob("*3.*/bin/python3")]
    installed += [path for root in roots for path in Path(root).expanduser().glob("3.*/bin/python3")]
    found: dict[str, str] = {}
    for interpreter in [*installed, *filter(None, named)]:
        asked = [str(interpreter), "-c", "import sys; print(*sys.version_info[:2])"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
        if answer and (3, 11) <= tuple(map(int, answer)) != sys.version_info[:2]:
            found.setdefault(".".join(answer), str(interpreter))
    return [found[version] for version in sorted(found)]


def fixture_digest(interpreter: str) -> str:
    command = [interpreter, "-c", SCRIPT, syntax.__file__, str(FIXTURE)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_fixture_has_its_digest_under_this_python() -> None:
    assert fixture_digest(sys.executable) == EXPECTED


def test_the_fixture_has_its_digest_under_every_other_python_here() -> None:
    others = other_pythons()
    if not others:
        pytest.skip("no other Python from 3.11 on is installed")
    assert {interpreter: fixture_digest(interpreter) for interpreter in others} == dict.fromkeys(
        others, EXPECTED
    )


def of(text: str) -> list[str]:
    return [canonical(statement) for statement in ast.parse(text).body]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("with (a as b, c as d): e", "with a as b, c as d:\n    e  # because"),
        ("x = 'a' 'b'", 'x = "ab"'),
        ("x = f'a{b}' 'c'", 'x = f"a{b}c"'),
        ("x = u'a'", "x = 'a'"),
        ("def f():\n    'doc'", "def f():\n    pass"),
        ("def f():\n    'doc'\n    return 1", "def f():\n    return (1)"),
        ("class A:\n    x: int = 1\n    'doc'", "class A:\n    x: int = 1"),
        ("class A: ...", "class A():\n    '''doc'''"),
    ],
)
def test_layout_and_docstrings_are_no_syntax(one: str, other: str) -> None:
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 'a'", "x = b'a'"),
        ("x = None", "x = ..."),
        ("x = {**a}", "x = {None: a}"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a}b'", "x = f'b{a}'"),
        ("def f(a, b=1): return a", "def f(a, *, b=1): return a"),
        ("def f(a, *, b, c=1): return a", "def f(a, *, b=1, c): return a"),
        ("def f(): return a", "async def f(): return a"),
        ("def f(): return a", "def f(): yield a"),
        ("x = a < b", "x = a <= b"),
        ("x: int", "x: str"),
        ("if a:\n    b()\nelse:\n    c()", "if a:\n    c()\nelse:\n    b()"),
        ("x = 'é'", "x = 'e\u0301'"),
        ("x = [a]", "x = [[a]]"),
        ("x = f(a)[b]", "x = f(a[b])"),
    ],
)
def test_what_means_something_else_is_written_differently(one: str, other: str) -> None:
    assert of(one) != of(other)
