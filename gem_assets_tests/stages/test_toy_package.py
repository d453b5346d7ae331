"""A stage between two others and a way of their own, added by a package: everything else follows.

The package (`data/toy_package`) is a declaration with its function, a prompt, the DDL of its own columns, and
an entry point. Nothing of gem_assets names it.
"""

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from gem_assets.orchestration.instance.opening import open_instance
from gem_assets.store.connections import open_warehouse
from gem_assets.store.home import Home
from gem_assets.store.sql_files import read_sql, sql_names
from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stub_server import StubServer

TOY = "greeted_trajectories"
MEASURE = "characters in the last word"
SHARD = "recorded-00000"

pytestmark = pytest.mark.slow


class Toy:
    """The package installed in a folder, a home, and a server that answers for it."""

    def __init__(self, folder: Path, server: StubServer) -> None:
        self.package = Path(shutil.copytree(DATA / "toy_package", folder / "packages"))
        self.home = Home(folder / "home")
        self.server = server

    def gem(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GEM_")}
        model = {"GEM_MODEL": "stub", "GEM_BASE_URL": self.server.url, "GEM_API_KEY": "EMPTY"}
        done = subprocess.run(
            [sys.executable, "-m", "gem_assets.cli", *arguments],
            env=kept
            | {"GEM_HOME": str(self.home.root), "PYTHONPATH": f"{CHECKOUT}:{self.package}"}
            | model
            | more,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse, as the last run left it."""
        with open_warehouse(self.home) as connection:
            return connection.execute(query).fetchall()

    def stale(self, **more: str) -> dict[str, str]:
        """Which assets are stale, each with the reason and what redoing it takes."""
        lines = [line.split("\t") for line in self.gem("stale", **more).stdout.splitlines()]
        return {asset: f"{reason}: {work}" for asset, _, reason, work in lines}

    def asked(self) -> int:
        return len(self.server.requests)


def answers() -> Any:
    recorded = RecordedAnswers(
        DATA / "recorded_answers", DATA / "recorded_documents.jsonl", CHECKOUT / "gem_assets" / "prompts"
    )

    def answer(request: dict[str, Any]) -> Any:
        prompt = request["messages"][0]["content"]
        if "Write one short greeting" not in prompt:
            return recorded(request)
        long_winded = "Well done, and may whatever you take on from here go as well as this did!"
        return long_winded if "Lowmark" in prompt else "Well done!"

    return answer


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory):
    with StubServer(answers()) as server:
        made = Toy(tmp_path_factory.mktemp("toy"), server)
        made.gem("ingest", str(DATA / "recorded_documents.jsonl"), "--corpus", "recorded")
        made.gem("run")
        yield made


def test_it_is_materialised_between_its_neighbours_and_every_check_holds(toy: Toy):
    order = [asset for (asset,) in toy.rows("SELECT asset FROM stages WHERE by_default ORDER BY number")]
    assert order[-3:] == ["refined_trajectories", TOY, "validated_trajectories"]
    counts = toy.rows(f"SELECT inputs, kept, rejected, failed FROM latest_stage_runs WHERE asset = '{TOY}'")
    assert counts == [(3, 2, 1, 0)]
    assert toy.rows("SELECT count(*) FROM validated_trajectories_outcomes") == [(2,)]
    for name in sql_names("checks"):
        assert toy.rows(read_sql("checks", name)) == [], name


def test_it_rejects_for_its_own_reason_and_what_it_made_is_traced(toy: Toy):
    [(asset, reason, evidence)] = toy.rows(
        f"SELECT asset, reason, evidence FROM rejections WHERE asset = '{TOY}'"
    )
    assert (asset, reason) == (TOY, "greet_too_long_winded")
    assert evidence.endswith("characters")
    [(path,)] = toy.rows(
        "SELECT DISTINCT list_transform(path, lambda step: step.asset) FROM lineage "
        "WHERE asset = 'validated_trajectories'"
    )
    assert path[-2:] == [TOY, "validated_trajectories"]
    assert toy.rows("SELECT DISTINCT asset FROM llm_calls WHERE task = 'greet_user'") == [(TOY,)]
    assert TOY in toy.gem("cost").stdout


def test_its_measures_are_columns_metadata_and_figures_wherever_it_is_shown(toy: Toy):
    [(before, value, records)] = toy.rows(
        f"SELECT avg(before), avg(value), count(*) FROM measures WHERE asset = '{TOY}'"
    )
    assert value - before == len("Well done! ")
    assert records == 2
    event = open_instance(toy.home).get_latest_materialization_event(dg.AssetKey(TOY))
    assert event is not None and event.asset_materialization is not None
    shown = {name: entry.value for name, entry in event.asset_materialization.metadata.items()}
    assert shown[f"mean_{MEASURE}"] == pytest.approx(value)
    assert shown[f"mean_{MEASURE}_before"] == pytest.approx(before)
    assert shown["reason/greet_too_long_winded"] == 1
    page = (toy.home.reports / "yield_report.html").read_text("utf-8")
    report = toy.gem("report").stdout
    for text in (page, report):
        assert MEASURE in text
        assert "greet_too_long_winded" in text


def test_viewer_and_audit_show_it(toy: Toy):
    data = packed(toy.home.reports / "trajectories" / "data" / f"{SHARD}.js")
    greeted = [stage for branch in data["branches"] for stage in branch["stages"] if stage["asset"] == TOY]
    assert sorted(stage["outcome"] for stage in greeted) == ["kept", "kept", "rejected"]
    assert {name for stage in greeted for name, *_ in stage["measures"]} == {MEASURE}
    index = packed(toy.home.reports / "trajectories" / "index.js")
    assert [TOY, "greeting"] in index["stages"]
    [record_id] = toy.rows(f"SELECT min(record_id) FROM {TOY}_outcomes WHERE outcome = 'kept'")[0]
    audit = toy.gem("audit", record_id).stdout
    assert f"{TOY}: KEPT" in audit
    assert MEASURE in " ".join(audit.split())
    assert "greet_user@" in audit


def packed(path: Path) -> Any:
    """Unpack a script of the viewer's data."""
    call = path.read_text("ascii").splitlines()[-1]
    return json.loads(gzip.decompress(base64.b64decode(call.split('"')[3])))


@pytest.fixture
def changed(toy: Toy) -> Iterator[Path]:
    """The module of the package, put back as it was."""
    kept = {path: path.read_bytes() for path in toy.package.rglob("*") if path.is_file()}
    yield toy.package / "toy_stages" / "__init__.py"
    for path, content in kept.items():
        path.write_bytes(content)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_nothing_is_stale_and_running_again_asks_nothing(toy: Toy):
    asked = toy.asked()
    assert toy.stale() == {}
    toy.gem("run")
    assert toy.asked() == asked


def test_its_prompt_is_bought_anew(toy: Toy, changed: Path):
    edit(changed.parent / "prompts" / "greet_user.md", "one short greeting", "one short, kind greeting")
    found = toy.stale()
    assert list(found) == [TOY, "validated_trajectories"]
    assert found[TOY].startswith("prompt greet_user changed from greet_user@")
    assert found[TOY].endswith(": buy")


def test_a_rule_in_its_code_is_derived_again_and_nothing_is_bought(toy: Toy, changed: Path):
    edit(changed, "LONGEST = 40", "LONGEST = 9")
    found = toy.stale()
    assert found[TOY] == "code changed: derive again"
    assert list(found) == [TOY, "validated_trajectories"]
    asked = toy.asked()
    toy.gem("run")
    assert toy.asked() == asked
    assert toy.rows(f"SELECT count(*) FROM rejections WHERE asset = '{TOY}'") == [(3,)]
    edit(changed, "LONGEST = 9", "LONGEST = 40")
    toy.gem("run")
    assert toy.asked() == asked


def test_a_setting_it_reads_makes_it_stale(toy: Toy):
    found = toy.stale(GEM_LANGUAGE="source")
    # It is part of the question.
    assert found[TOY] == 'setting trajectory_language changed from "en" to "source": buy'


def test_what_changes_no_outcome_makes_nothing_stale(toy: Toy, changed: Path):
    for old, new in (
        ("LONGEST = 40", "# in characters\nLONGEST = 40"),
        ('"""Read a line of text."""', '"""Read one line."""'),
        ("    return 1", "    return 2"),  # of a function nobody asks for
        ("import replace", "import field, replace"),
    ):
        edit(changed, old, new)
    assert toy.stale() == {}


def test_its_way_is_carried_counted_and_set_beside_the_default_one(toy: Toy):
    assert "validated_drafts" not in toy.stale()
    asked = toy.asked()
    toy.gem("run", "--until", "validated_drafts")
    # Drafts are there; three of them are judged.
    assert toy.asked() <= asked + 3
    toy.gem("run")
    counts = toy.rows("SELECT inputs, failed FROM latest_stage_runs WHERE asset = 'validated_drafts'")
    assert counts == [(3, 0)]
    assert toy.rows(read_sql("checks", "ledger")) == []
    shown = toy.gem("report").stdout
    assert "validated_drafts" in shown
    assert "plain" in shown
    assert toy.stale() == {}
    found = toy.stale(GEM_JUDGE_MODEL="another")
    assert found["validated_drafts"].endswith(": buy")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("def extend(", 'raise RuntimeError("boom")\n\n\ndef extend(', "RuntimeError: boom"),
        ('settings=("trajectory_language",)', 'settings=("no_such",)', "no_such"),
        ('    GREET_EMPTY = "greet_empty"\n', "", "greet_empty"),
        ("columns=greeting_columns", "columns=lambda record: {}", "lambda"),
        ('asset="validated_drafts"', 'asset="unknown_drafts"', "sql/outcomes/unknown_drafts.sql"),
        ("return (greeted, *others, plain)", "return None", "TypeError"),
    ],
    ids=["an error", "a setting", "a reason", "a lambda", "no columns", "no ways"],
)
def test_a_wrong_package_is_one_sentence(toy: Toy, changed: Path, old: str, new: str, sentence: str):
    edit(changed, old, new)
    with pytest.raises(AssertionError) as caught:
        toy.gem("stale")
    said = str(caught.value)
    assert said.startswith("gem: ")
    assert sentence in said
    assert "Traceback" not in said
