"""Every target of the Makefile runs: in `.ci/run`, or in the test that is named here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gem_assets_tests.benches import filter_weights
from gem_assets_tests.verification import proof

CHECKOUT = Path(__file__).parents[1]
TESTS = Path(__file__).parent
MAKEFILE = (CHECKOUT / "Makefile").read_text("utf-8")
HARNESS = "gem_assets/evaluation/harness"
LOCKS = (
    "requirements.lock",
    "gem_assets/training/scripts/requirements.lock",
    f"{HARNESS}/requirements-bfcl.lock",
    f"{HARNESS}/requirements-tau2.lock",
)
TESTED_IN = {
    "bench": "test_make.py",
    "bench-evaluate": "evaluation/test_bfcl.py",
    "proof": "test_make.py",
    "proof-itool": "itool/test_in_trainer.py",
    "laws": "offline/test_laws.py",
    "filter-weights": "test_make.py",
    "screenshots": "browser/test_screenshots.py",
    "ui": "orchestration/serving.py",
    "lock": "test_make.py",
    "lock-eval": "test_make.py",
    "clean": "test_make.py",
}
# It installs a rival that nobody else needs.
RUN_BY_HAND = {"bench-rival"}


def make(folder: Path, *arguments: str) -> str:
    """Run make as a user does, but that no environment is made or changed."""
    foreign = ("GEM_", "MAKE", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    command = ["make", *arguments, f"BIN={Path(sys.executable).parent}", "-o", ".venv/.ready"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_target_is_run_by_the_ci_or_a_test():
    declared = re.search(r"^\.PHONY: (.*?[^\\])$", MAKEFILE, re.MULTILINE | re.DOTALL)
    assert declared
    targets = set(declared[1].replace("\\\n", " ").split())
    of_the_ci = {"setup", "train-env", "eval-env"}
    for line in (CHECKOUT / ".ci" / "run").read_text("utf-8").splitlines():
        of_the_ci |= set(line.partition("make ")[2].split()) & targets
    assert targets == of_the_ci | set(TESTED_IN) | RUN_BY_HAND
    for test in TESTED_IN.values():
        assert (TESTS / test).is_file(), test


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What make reads, and the locks that it writes."""
    for name in ("Makefile", "pyproject.toml", f"{HARNESS}/requirements-bfcl.in", *LOCKS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, tmp_path / name)
    shutil.copy(CHECKOUT / HARNESS / "requirements-tau2.in", tmp_path / HARNESS)
    return tmp_path


@pytest.mark.slow
def test_pinning_anew_keeps_what_fits_and_the_locks_name_no_index(copy: Path):
    make(copy, "lock", "lock-eval")
    for name in LOCKS:
        assert (copy / name).read_text("utf-8") == (CHECKOUT / name).read_text("utf-8"), name
        assert "index-url" not in (copy / name).read_text("utf-8")


def test_clean_takes_environments_and_caches_and_nothing_else(copy: Path):
    before = sorted(copy.rglob("*"))
    for name in (".venv", ".venv-train", ".venv-eval", ".venv-tau2", ".pytest_cache", ".ruff_cache"):
        (copy / name / "inner").mkdir(parents=True)
    make(copy, "clean")
    assert sorted(copy.rglob("*")) == before


@pytest.mark.slow
def test_the_benches_run(tmp_path: Path):
    said = make(CHECKOUT, "bench", "QUICK=1", f"GEM_HOME={tmp_path / 'home'}")
    for figure in ("documents/s/core", "bought again", "times the baseline"):
        assert figure in said


@pytest.mark.slow
def test_the_proof_prints_kinds_alarms_and_speed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    # The generator's own dialogues take a minute.
    monkeypatch.setattr(proof, "offline_cases", list)
    proof.main()
    said = capsys.readouterr().out
    for figure in (
        "all error",
        "clean, recorded: 0 of 6",
        "defective, by hand",
        "written later",
        "speed",
    ):
        assert figure in said


def test_weights_are_fitted_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(filter_weights, "WEIGHTS", tmp_path / "weights.toml")
    monkeypatch.setattr(filter_weights, "ROUNDS", 50)
    texts = {"1. Open the page.\n2. Press Save.": True, "A history of the harbour and its cranes.": False}
    rows = [
        {"language": "en", "source": "other", "doc_id": str(number), "title": None, "text": text}
        | {"label_multi_step": label}
        for number, (text, label) in enumerate(texts.items())
    ]
    corpus = tmp_path / "labelled.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert filter_weights.main(["--corpus", str(corpus), "--write"]) == 0
    assert "leave one source out: precision" in capsys.readouterr().out
    assert "[weights]" in (tmp_path / "weights.toml").read_text("utf-8")
