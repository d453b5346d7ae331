"""Laws of the code digest, on a small package that each test writes anew with a change."""

import sys
from pathlib import Path

import pytest

from gem_assets.records.base import make_id
from gem_assets.stages.code.modules import CodeDigestError
from gem_assets.stages.code.sources import Sources
from gem_assets.stages.code_digest import Closure, CodeDigest, changed_parts, code_digest

PACKAGE = {
    "__init__.py": '"""A package."""\n',
    "stage.py": '''"""The stage."""

import json
from pkg import counting
from pkg.llm.asking import ask
from pkg.reasons import Reason
from pkg.rules import check, unused_here
from pkg.face import shorten as cut

LIMIT = 3
UNREAD = 4


def run(text: "Document") -> Reason:
    """Judge a text."""
    from pkg.nested import late

    if counting.count(text.body) > LIMIT or check(cut(late(text.body))):
        return Reason.TOO_LONG
    return ask(json.dumps(text.title()))


from pkg.records import Document
''',
    "records.py": """
from pkg.base import Record

class Document(Record):
    body: str

    def title(self) -> str:
        return clean(self.body)

def clean(text): return text.strip()

class Other: pass
""",
    "base.py": "class Record:\n    frozen = True\n",
    "reasons.py": '''
from enum import StrEnum

class Reason(StrEnum):
    """Why."""
    TOO_LONG = "too_long"
    OTHER = "other"

    def label(self): return self.value.title()
''',
    "rules.py": """
from dataclasses import dataclass
from pkg.words import word_set
from pkg.cycle import even

@dataclass
class Check:
    name: str
    find: object

def find_words(text): return word_set("words.txt") & set(text.split())
def find_even(text): return even(len(text))

CHECKS = (Check("words", find_words), Check("even", find_even))

def check(text): return [one for one in CHECKS if one.find(text)]
def unused_here(): return 1
""",
    "cycle.py": "from pkg import other_half\ndef even(n): return n == 0 or other_half.odd(n - 1)\n",
    "other_half.py": "import pkg.cycle\ndef odd(n): return n != 0 and pkg.cycle.even(n - 1)\n",
    "words.py": """
from functools import cache
from importlib.resources import files

@cache
def word_set(name): return set(files("pkg").joinpath("data", name).read_text().split())
""",
    "data/words.txt": "one two",
    "data/unread.txt": "three",
    "counting.py": """
from pathlib import Path
_MARKS = Path(__file__).with_name("marks.toml")
def count(text): return sum(text.count(mark) for mark in _MARKS.read_text())
def other(text): return 0
""",
    "marks.toml": "!?",
    "README.md": "prose",
    "face.py": "from pkg.shortening import shorten as shorten\n",
    "shortening.py": "def shorten(text): return text[:10]\n",
    "nested.py": "import unicodedata\ndef late(text): return unicodedata.normalize('NFC', text)\n",
    "llm/__init__.py": "",
    "llm/asking.py": "def ask(text): return text\n",
    "unreached.py": "def anything(): return eval('1')\n",
}
STOPS = ("pkg.llm",)


def digest(folder: Path, *changes: tuple[str, str, str], root: str = "stage:run") -> CodeDigest:
    """Digest the package with changes: file, old text (none: the whole file), new text."""
    files = dict(PACKAGE)
    for name, old, new in changes:
        assert old in files.get(name, ""), f"{old!r} is not in {name}"
        files[name] = files[name].replace(old, new) if old else new
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    sources = Sources()
    sources.capture("pkg", [folder])
    module, _, name = root.partition(":")
    return Closure(sources, STOPS).digest([(f"pkg.{module}", name)])


@pytest.mark.parametrize(
    ("file", "old", "new", "part"),
    [
        ("stage.py", "LIMIT = 3", "LIMIT = 5", "pkg.stage:LIMIT"),
        ("stage.py", "> LIMIT or", ">= LIMIT or", "pkg.stage:run"),
        ("rules.py", "even(len(text))", "even(len(text) + 1)", "pkg.rules:find_even"),
        ("rules.py", ', Check("even", find_even)', "", "pkg.rules:CHECKS"),
        ("rules.py", "@dataclass\n", "@dataclass(order=True)\n", "pkg.rules:Check"),
        ("records.py", "    body: str", "    body: str\n    size: int = 0", "pkg.records:Document"),
        ("records.py", "strip()", "lstrip()", "pkg.records:clean"),
        ("base.py", "True", "False", "pkg.base:Record"),
        ("shortening.py", "10", "12", "pkg.shortening:shorten"),
        ("nested.py", "NFC", "NFD", "pkg.nested:late"),
        ("nested.py", "import unicodedata", "import codecs as unicodedata", "pkg.nested:late"),
        ("other_half.py", "n != 0", "n > 0", "pkg.other_half:odd"),
        ("data/words.txt", "two", "three", "file:pkg/data/words.txt"),
        ("marks.toml", "!", ".", "file:pkg/marks.toml"),
        ("reasons.py", '"too_long"', '"long"', "pkg.reasons:Reason.TOO_LONG"),
        ("reasons.py", ".title()", ".upper()", "pkg.reasons:Reason"),
        ("rules.py", "def unused_here", "CHECKS += ()\ndef unused_here", "pkg.rules:(on import)"),
        ("__init__.py", '"""A package."""', "print()", "pkg:(on import)"),
    ],
)
def test_what_a_result_depends_on_changes_the_digest_and_names_its_part(
    tmp_path: Path, file: str, old: str, new: str, part: str
) -> None:
    before = digest(tmp_path / "before")
    after = digest(tmp_path / "after", (file, old, new))
    assert before.digest != after.digest
    assert part in changed_parts(before.parts, after.parts)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("stage.py", '"""Judge a text."""', '"""Judge another text."""'),
        ("stage.py", "LIMIT = 3", "LIMIT = 3  # a comment\n'''What it limits.'''"),
        ("stage.py", "LIMIT = 3", "LIMIT = (\n    0x3\n)"),
        ("stage.py", "UNREAD = 4", "UNREAD = 5"),
        ("stage.py", "import json\nfrom pkg import counting\n", "from pkg import counting\nimport json\n"),
        ("stage.py", "from pkg.face import", "from pkg.shortening import"),
        ("stage.py", "import check, unused_here", "import check"),
        ("stage.py", "LIMIT = 3", 'LIMIT = 3\nif __name__ == "__main__":\n    run("x")'),
        ("rules.py", "def unused_here(): return 1", "def unused_here(): return 2\ndef more(): return 3"),
        ("reasons.py", 'OTHER = "other"', 'OTHER = "another"\n    FURTHER = "further"'),
        ("records.py", "class Other: pass", "class Other: size = 1"),
        ("counting.py", "return 0", "return 1"),
        ("llm/asking.py", "return text", "return text.upper()"),
        ("unreached.py", "'1'", "'2'"),
        ("data/unread.txt", "three", "four"),
        ("README.md", "prose", "more prose"),
    ],
)
def test_what_no_result_depends_on_leaves_the_digest(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert digest(tmp_path / "before") == digest(tmp_path / "after", (file, old, new))


def test_swapped_names_are_a_change_though_every_definition_stays(tmp_path: Path) -> None:
    text = "from pkg.face import shorten as cut\n"
    one = text + "from pkg.base import Record as R\ndef run(): return cut(R)\n"
    two = "from pkg.face import shorten as R\nfrom pkg.base import Record as cut\ndef run(): return cut(R)\n"
    before, after = (
        digest(tmp_path / name, ("stage.py", "", source)) for name, source in (("a", one), ("b", two))
    )
    assert before.parts.keys() == after.parts.keys()
    assert list(changed_parts(before.parts, after.parts)) == ["pkg.stage:run"]


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        ("return Reason.OTHER", False),
        ("return Reason.OTHER.value", False),
        ("return Reason(text)", False),
        ("return list(Reason)", True),
        ("return [one for one in Reason]", True),
        ("return Reason['OTHER']", True),
        ("return text in Reason", True),
        ("return Reason.of(text)", True),
        ("found: list[Reason] = []\n    return found", False),
        ("return Pair", False),
    ],
)
def test_an_enum_counts_by_member_unless_it_is_used_as_a_value(
    tmp_path: Path, body: str, whole: bool
) -> None:
    source = f"from pkg.reasons import Reason\nPair = tuple[Reason, str]\ndef run(text):\n    {body}\n"
    stage = ("stage.py", "", source)
    further = ("reasons.py", 'OTHER = "other"', 'OTHER = "other"\n    FURTHER = "further"')
    changed = digest(tmp_path / "a", stage).digest != digest(tmp_path / "b", stage, further).digest
    assert changed is whole


def test_a_name_local_to_a_function_is_no_definition_of_the_module(tmp_path: Path) -> None:
    source = (
        "def helper(): return 1\ndef taken(): return 2\n"
        "def run(helper):\n    taken = [one for one in helper]\n    return taken, (lambda one: one)(1)\n"
        "def one(): return 3\n"
    )
    assert [*digest(tmp_path, ("stage.py", "", source)).parts] == ["pkg.stage:run"]


def test_what_decorators_and_imports_for_their_effect_register_counts(tmp_path: Path) -> None:
    changes = (
        ("stage.py", "", "import pkg.plugged\nfrom pkg.registry import ALL\ndef run(): return ALL\n"),
        ("registry.py", "", "ALL = []\ndef register(made):\n    ALL.append(made)\n    return made\n"),
        (
            "plugged.py",
            "",
            "from pkg.registry import register\n@register\ndef rule(): return 1\ndef other(): return 2\n",
        ),
    )
    parts = digest(tmp_path, *changes).parts
    assert "pkg.plugged:rule" in parts
    assert "pkg.plugged:other" not in parts


def test_a_module_used_as_a_value_counts_whole(tmp_path: Path) -> None:
    source = "from pkg import counting\ndef run(name): return getattr(counting, name)\n"
    parts = digest(tmp_path, ("stage.py", "", source)).parts
    assert {"pkg.counting:count", "pkg.counting:other", "pkg.counting:_MARKS"} <= parts.keys()


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("return (files('pkg') / 'data' / f'{name}.txt').read_text()", {"words.txt", "unread.txt"}),
        ("return (files('pkg') / 'data' / f'{name}ords.txt').read_text()", {"words.txt"}),
        ("return (files('pkg') / 'data' / name).read_text()", {"words.txt", "unread.txt", "marks.toml"}),
        ("return [one.name for one in files('pkg').iterdir()]", {"words.txt", "unread.txt", "marks.toml"}),
    ],
)
def test_data_files_count_by_name_by_ending_or_all_of_a_folder(
    tmp_path: Path, body: str, counted: set[str]
) -> None:
    source = f"from importlib.resources import files\ndef run(name):\n    {body}\n"
    parts = digest(tmp_path, ("stage.py", "", source)).parts
    assert {Path(part).name for part in parts if part.startswith("file:")} == counted


def test_libraries_count_by_version_where_they_run(tmp_path: Path) -> None:
    source = (
        "import json\nimport cel\nimport lemminflect\nimport pyarrow as pa\nfrom pydantic import BaseModel\n"
        "def run(table: pa.Table): return cel.evaluate(json.dumps(BaseModel))\n"
        "def other(): return lemminflect\n"
    )
    parts = digest(tmp_path, ("stage.py", "", source)).parts
    libraries = {name: version for name, version in parts.items() if name.startswith("library:")}
    assert list(libraries) == ["library:cel"]
    assert libraries["library:cel"].startswith("common-expression-language 0.")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("from pkg.rules import *\ndef run(): return check('')\n", "imports *"),
        ("def run(): return eval('1')\n", "eval"),
        ("import importlib\ndef run(name): return importlib.import_module(name)\n", "import_module"),
        ("from importlib.metadata import entry_points\ndef run(): return entry_points()\n", "entry_points"),
        ("from pkg.rules import missing\ndef run(): return missing\n", "no definition of missing"),
        ("def run(path): return path.read_text()\n", "reads a file"),
        ("def run(path):\n    with open(path) as file: return file\n", "reads a file"),
        (
            "from pathlib import Path\ndef run(): return Path(__file__).parents[1] / 'x.txt'\n",
            "leaves its folder",
        ),
        ("from importlib.resources import files\ndef run(name): return files(name)\n", "does not name"),
        ("def runs(): return 1\n", "no definition of run"),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(CodeDigestError, match=message.replace("*", r"\*")):
        digest(tmp_path, ("stage.py", "", source))


def test_the_digest_is_of_what_was_loaded_not_of_what_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "loaded_pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "stage.py").write_text("LIMIT = 1\ndef run(): return LIMIT\n")
    from loaded_pkg import stage  # pyright: ignore[reportMissingImports]

    before = code_digest(stage.run)
    (package / "stage.py").write_text("LIMIT = 2\ndef run(): return LIMIT\n")
    assert code_digest(stage.run) == before
    assert set(before.parts) == {"loaded_pkg.stage:LIMIT", "loaded_pkg.stage:run"}
    for name in ("loaded_pkg.stage", "loaded_pkg"):
        del sys.modules[name]


def test_given_files_and_libraries_count(tmp_path: Path) -> None:
    extra = tmp_path / "rates.toml"
    extra.write_text("a = 1")
    parts = code_digest(make_id, files=[extra], libraries=["duckdb"]).parts
    assert {"file:rates.toml", "library:duckdb"} <= parts.keys()


def test_a_root_is_a_definition_at_the_top_level() -> None:
    with pytest.raises(CodeDigestError, match="top level"):
        code_digest(lambda: None)
