"""The package works where there is no checkout: prompts, SQL and sample corpus travel in the wheel."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def test_the_wheel_carries_all_it_needs(tmp_path):
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(built, cwd=CHECKOUT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(site)], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(site), "GEM_HOME": str(tmp_path / "home")}
    where = [sys.executable, "-c", "import gem_assets; print(gem_assets.__file__)"]
    found = subprocess.run(where, cwd=empty, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(site))

    def gem(*arguments):
        command = [sys.executable, "-m", "gem_assets.cli", *arguments]
        return subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)

    one = next((site / "gem_assets" / "sample_corpus").glob("*.md"))
    ingested = gem("ingest", str(one), "--corpus", "demo")
    assert ingested.returncode == 0, ingested.stderr
    run = gem("run")
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "home" / "gem.duckdb").is_file()
    assert list(empty.iterdir()) == []
