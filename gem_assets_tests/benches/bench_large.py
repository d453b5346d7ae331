"""What large inputs take: gigabytes in one file, many small files, a line of 50 MB, a kill in the middle.

    python -m gem_assets_tests.benches.bench_large [--gigabytes 5] [--files 1000000] [--shard-size 1000]

Needs three times the gigabytes of disk. It raises where the same text comes out otherwise after a kill.
"""

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gem_assets_tests.benches.bench_ingest import CHECKOUT, INGEST, generate, measure, say, show

BYTES_PER_ROW = 1_096


def main() -> None:
    """Run each of them and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--shard-size", type=int, default=1_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gem-bench-large-", dir=os.environ.get("GEM_BENCH_FOLDER")))
    try:
        one_large_file(folder, int(options.gigabytes * 1e9 / BYTES_PER_ROW), options.shard_size)
        many_small_files(folder, options.files, options.shard_size)
        one_long_line(folder)
    finally:
        shutil.rmtree(folder)


def one_large_file(folder: Path, rows: int, shard_size: int) -> None:
    """A large file: new, again, and killed half way and done again."""
    file = folder / "documents.jsonl"
    say(f"{rows:,} documents in one file of {generate(file, rows) / 1e9:.1f} GB, {shard_size} a shard")
    say(f"{'':36}{'documents/s/core':>18}{'documents/s':>14}{'core seconds':>14}{'peak MiB':>10}")
    command = [sys.executable, "-c", INGEST, str(file), str(shard_size)]
    show("all new", measure(command, folder), rows)
    whole = fingerprint(folder / "home")
    show("nothing new", measure(command, folder), rows)
    shutil.rmtree(folder / "home")
    killed = kill_after(command, folder, len(whole) // 2)
    show(f"killed after {killed:,} shards, done again", measure(command, folder), rows)
    if fingerprint(folder / "home") != whole:
        raise RuntimeError("the shards are not those of the undisturbed ingest")
    say(f"{len(whole):,} shards, byte for byte those of the undisturbed ingest")
    shutil.rmtree(folder / "home")
    file.unlink()


def many_small_files(folder: Path, count: int, shard_size: int) -> None:
    """As many files of a line each, a thousand to a folder."""
    named = folder / "files"
    for number in range(count):
        if not number % 1_000:
            (named / f"{number // 1_000:04d}").mkdir(parents=True)
        (named / f"{number // 1_000:04d}" / f"{number}.txt").write_text(
            f"{number}. Open it and press Start.\n"
        )
    command = [sys.executable, "-c", INGEST, str(named), str(shard_size)]
    show(f"{count:,} files", measure(command, folder), count)
    shutil.rmtree(named)
    shutil.rmtree(folder / "home")


def one_long_line(folder: Path) -> None:
    """A row of 50 MB, which is refused, and one after it, which is not."""
    file = folder / "long.jsonl"
    file.write_bytes(b'{"text": "' + b"word " * 10_000_000 + b'"}\n{"text": "Open it and press Start."}\n')
    show("a line of 50 MB", measure([sys.executable, "-c", INGEST, str(file), "200"], folder), 2)


def kill_after(command: list[str], folder: Path, shards: int) -> int:
    """Run a command until so many shards are there, and kill it; gives how many there were in the end."""
    environment = {**os.environ, "GEM_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    raw = folder / "home" / "raw"
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while len(list(raw.glob("[a-z]*.parquet"))) < shards:
        if process.poll() is not None:
            raise RuntimeError("it ended before it was killed: name more gigabytes")
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return len(list(raw.glob("[a-z]*.parquet")))


def fingerprint(home: Path) -> dict[str, str]:
    """Digest every raw shard."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((home / "raw").glob("[a-z]*.parquet"))
    }


if __name__ == "__main__":
    main()
