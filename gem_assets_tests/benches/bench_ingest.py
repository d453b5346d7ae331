"""How fast text comes in: documents per second and core, and peak memory, beside datatrove and bare DuckDB.

    python -m gem_assets_tests.benches.bench_ingest [--rows 1000000] [--datatrove PYTHON]

Every contender reads the same generated JSON Lines file and writes all documents. `--datatrove` names the
Python of an environment that has datatrove; without it this one is asked. A core-second is CPU time of the
process and its threads, so a loaded machine changes mostly the wall clock. Larger inputs: `bench_large.py`.
"""

import argparse
import importlib.util
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PROSE = (
    "The harbour was quiet that morning, and nobody on the quay thought of the new cranes.",
    "Critics praised the second movement, which the orchestra had never played before.",
    "In the years after the flood the town grew slowly, and its market moved to the hill.",
    "A glossary of the terms stands at the end, with the page on which each is explained.",
    "The committee met twice in March and could not agree on the colour of the doors.",
)
STEPS = (
    "Open the portal and sign in with your member number.",
    "Choose Bookings, then select the room and the day you want.",
    "Enter the number of guests; the system refuses more than eight.",
    "Press Confirm and wait until the reference appears.",
    "To cancel, open the booking again and click Withdraw.",
)

INGEST = """
import sys
from gem_assets.cli import main
main(["ingest", sys.argv[1], "--corpus", "bench", "--shard-size", sys.argv[2]])
"""
PREFILTER = """
import sys, orjson
from gem_assets.corpus.normalising import normalise
from gem_assets.records.document import Document
from gem_assets.settings import PrefilterSettings
from gem_assets.stages.prefilter import prefilter
settings, passed = PrefilterSettings(), 0
for line in open(sys.argv[1], "rb"):
    row = orjson.loads(line)
    text = normalise(row["text"])
    document = Document.model_construct(document_id=row["id"], language="en", text=text)
    passed += prefilter(document, settings) is None
print(f"{passed:,} pass the prefilter")
"""
DATATROVE = """
import os, sys
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
folder, name = os.path.split(sys.argv[1])
documents = JsonlReader(folder, glob_pattern=name, compression=None)(None, 0, 1)
for _ in JsonlWriter(sys.argv[2], compression=sys.argv[3] or None)(documents, 0, 1):
    pass
"""
DUCKDB = """
import sys, duckdb
connection = duckdb.connect(":memory:")
connection.execute("SET threads = 1")
connection.execute("SET preserve_insertion_order = false")
connection.execute(
    f"COPY (FROM read_json('{sys.argv[1]}', format = 'newline_delimited')) "
    f"TO '{sys.argv[2]}' (COMPRESSION zstd)"
)
"""


@dataclass(frozen=True)
class Measured:
    """What one contender took."""

    wall: float
    core: float
    megabytes: float


def main() -> None:
    """Generate the file, let each contender read it, print a line for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shard-size", type=int, default=200)
    parser.add_argument("--datatrove", default=os.environ.get("GEM_BENCH_DATATROVE"))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gem-bench-"))
    try:
        file = folder / "documents.jsonl"
        size = generate(file, options.rows)
        say(f"{options.rows:,} documents, {size / 2**20:,.0f} MiB of JSON Lines")
        say(f"{'':36}{'documents/s/core':>18}{'documents/s':>14}{'core seconds':>14}{'peak MiB':>10}")
        for name, command in contenders(file, folder, options):
            show(name, command and measure(command, folder), options.rows)
    finally:
        shutil.rmtree(folder)


def contenders(
    file: Path, folder: Path, options: argparse.Namespace
) -> Iterator[tuple[str, list[str] | None]]:
    """Name each contender with its command; None where it is not installed."""
    here, rows = sys.executable, str(options.shard_size)
    yield f"gem ingest, {rows} documents a shard", [here, "-c", INGEST, str(file), rows]
    yield "the same again: nothing is new", [here, "-c", INGEST, str(file), rows]
    yield "gem prefilter (normalise and look)", [here, "-c", PREFILTER, str(file)]
    there = options.datatrove or (here if importlib.util.find_spec("datatrove") else None)
    for name, compression in (("gzip, as it comes", "gzip"), ("not compressed", "")):
        given = ["-c", DATATROVE, str(file), str(folder / f"datatrove{compression}"), compression]
        yield f"datatrove, {name}", [there, *given] if there else None
    yield (
        "DuckDB read_json + COPY (the floor)",
        [here, "-c", DUCKDB, str(file), str(folder / "floor.parquet")],
    )


def generate(file: Path, rows: int) -> int:
    """Write documents of about a kilobyte, one in seven a procedure; the same ones every time."""
    chosen = random.Random(7)
    with file.open("w", encoding="utf-8") as out:
        for number in range(rows):
            pool = STEPS if number % 7 == 0 else PROSE
            text = " ".join(chosen.choice(pool) for _ in range(chosen.randrange(4, 21)))
            row = {"id": f"d{number}", "title": f"Document {number}", "url": f"https://example.org/{number}"}
            out.write(
                json.dumps(row | {"text": f"{number}. {text}", "license": "CC0", "language": "en"}) + "\n"
            )
    return file.stat().st_size


def measure(command: list[str], folder: Path) -> Measured:
    """Run a contender in a process of its own; raises RuntimeError where it fails."""
    environment = {**os.environ, "GEM_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    told = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {told[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    core = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(time.monotonic() - started, core, used.ru_maxrss / 1024)


def show(name: str, measured: Measured | None, rows: int) -> None:
    """Print one line."""
    if measured is None:
        say(f"{name:36}{'not installed':>18}")
        return
    rates = f"{rows / measured.core:>18,.0f}{rows / measured.wall:>14,.0f}"
    say(f"{name:36}{rates}{measured.core:>14.1f}{measured.megabytes:>10,.0f}")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
