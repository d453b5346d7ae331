"""A backfill of twelve shards by four workers leaves what one leaves, undisturbed and under kill -9."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from gem_assets.stages.catalog import ASSETS
from gem_assets.store.home import Home

GEM = [sys.executable, "-m", "gem_assets.cli"]
CORPUS = Path(__file__).parents[2] / "gem_assets" / "sample_corpus"
SHARDS = 12

pytestmark = pytest.mark.slow


def environment(home):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GEM_")}
    return kept | {"GEM_HOME": str(home)}


def gem(home, *arguments, check=True):
    done = subprocess.run(
        [*GEM, *arguments], env=environment(home), capture_output=True, text=True, timeout=300
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def rows(home, asset):
    """Everything but what names the run and how long it took."""
    files = str(Home(home).table_folder(f"{asset}_outcomes") / "*.parquet")
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT * EXCLUDE (run_id, seconds) FROM read_parquet('{files}') ORDER BY shard, record_id"
        ).fetchall()


def children(process):
    """Process ids of a process's workers."""
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    corpus = tmp_path_factory.mktemp("corpus")
    for path in sorted(CORPUS.glob("*.md"))[: SHARDS * 2]:
        shutil.copy(path, corpus)
    home = tmp_path_factory.mktemp("ingested")
    gem(home, "ingest", str(corpus), "--corpus", "demo", "--shard-size", "2")
    return home


@pytest.fixture(scope="module")
def sequential(ingested, tmp_path_factory):
    home = tmp_path_factory.mktemp("sequential") / "home"
    shutil.copytree(ingested, home)
    gem(home, "run", "--workers", "1")
    return {asset: rows(home, asset) for asset in ASSETS}


def test_four_workers_leave_the_same_tables_as_one(ingested, sequential, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(ingested, home)
    done = gem(home, "run", "--workers", "4")
    log = (home / "dagster" / "worker.log").read_text()
    assert "lock" not in done.stdout.lower()
    assert "Could not set lock" not in log
    assert "database is locked" not in log
    for asset in ASSETS:
        assert rows(home, asset) == sequential[asset]
    print({asset: len(sequential[asset]) for asset in ASSETS})
    assert len(sequential["validated_trajectories"]) > 0


def test_runs_killed_on_the_way_and_repeated_leave_the_same_tables(ingested, sequential, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(ingested, home)
    chance = random.Random(7)
    killed = 0
    for _ in range(3):
        running = subprocess.Popen(
            [*GEM, "run", "--workers", "4"], env=environment(home), stdout=subprocess.DEVNULL
        )
        killed += kill_workers(running, chance)
        for process in [running.pid, *children(running)]:
            kill(process)
        running.wait()
    assert killed > 0
    gem(home, "run", "--workers", "4")
    for asset in ASSETS:
        assert rows(home, asset) == sequential[asset]
    assert "0 to materialise" in gem(home, "run").stdout
    checks = gem(home, "sql", "SELECT count(*) AS started FROM stage_runs")
    print(f"killed {killed} workers on the way\n{checks.stdout}")


def kill_workers(running, chance):
    """Kill workers at moments of their work, for a few seconds."""
    killed = 0
    until = time.monotonic() + chance.uniform(7, 11)
    while time.monotonic() < until and running.poll() is None:
        time.sleep(chance.uniform(0.5, 2))
        killed += sum(kill(worker) for worker in children(running)[:1])
    return killed


def kill(process: int) -> bool:
    """Whether it was still there: a worker may end between being listed and being killed."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
