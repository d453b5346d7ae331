"""What journal and limits cost, how near the greedy schedule a stage comes, what kill -9 loses.

python -m gem_assets_tests.benches.bench_llm [cpu] [schedule] [crash] [rival] [--quick]
Each figure stands beside its baseline from the same run. CPU is that of a client's process, all threads.
"""

import argparse
import asyncio
import heapq
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from gem_assets_tests.benches.fast_stub import seconds_of
from gem_assets_tests.benches.llm_clients import CLIENTS, PROMPT, by_aiohttp, by_gem
from gem_assets_tests.llm.rig import PROCESS

CHECKOUT = Path(__file__).parents[2]
RIVAL = CHECKOUT / ".venv-rival"
CURATOR = "bespokelabs-curator==0.1.31"


@contextmanager
def stub(latency: float = 0.0, slow_share: float = 0.0, slow_factor: float = 1.0) -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).with_name("fast_stub.py"))]
    command += [str(latency), str(slow_share), str(slow_factor)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
    finally:
        server.terminate()
        server.wait()


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def client(name: str) -> Iterator[Callable[[str, int, int], tuple[float, float]]]:
    """Open a process for a client: what one changes in litellm touches no other."""
    command = [sys.executable, "-m", "gem_assets_tests.benches.llm_clients", name]
    process = subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    ask, told = process.stdin, process.stdout

    def measure(url: str, calls: int, in_flight: int) -> tuple[float, float]:
        ask.write(json.dumps([url, calls, in_flight]) + "\n")
        ask.flush()
        cpu, wall = json.loads(told.readline())
        return cpu, wall

    try:
        yield measure
    finally:
        ask.close()
        process.wait()


def bench_cpu(quick: bool) -> None:
    calls, rounds, in_flight = (100, 2, 32) if quick else (300, 12, 32)
    for latency in (0.0, 0.2):
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in CLIENTS}
        with stub(latency) as url, ExitStack() as stack:
            measured = {name: stack.enter_context(client(name)) for name in CLIENTS}
            for number in range(rounds + 1):  # the first round warms up
                for name, measure in measured.items():
                    took = measure(url, calls, in_flight)
                    if number:
                        taken[name].append(took)
        say_cpu(taken, latency, f"{calls} calls, {in_flight} in flight, {rounds} interleaved rounds")


def say_cpu(taken: dict[str, list[tuple[float, float]]], latency: float, how: str) -> None:
    """Tell medians over the rounds: the least is a round in which the machine itself was fast."""
    bare = [cpu for cpu, _ in taken["bare litellm.acompletion"]]
    say(f"CPU per call, answers after {latency:g} s, {how}: medians, ratios taken round by round")
    for name, took in taken.items():
        ratios = [cpu / base - 1 for (cpu, _), base in zip(took, bare, strict=True)]
        cpu, fastest = statistics.median(cpu for cpu, _ in took), 1 / min(wall for _, wall in took)
        ratio = statistics.median(ratios)
        say(f"  {name:30} {cpu:6.2f} ms  {ratio:+6.0%} of bare litellm  at most {fastest:6.0f} calls/s")
        if name == "gem_assets":
            low, _, high = statistics.quantiles(ratios, n=4)
            said = f"{ratio:+.1%}, half of the rounds between {low:+.0%} and {high:+.0%}"
            say(f"  journal and limits: {said} (wanted: at most +15%)")
    if not latency:
        fastest = 1 / min(wall for _, wall in taken["raw aiohttp"])
        say(f"  the stub served at least {fastest:.0f}/s, so it bounds none of the others")


def greedy_makespan(seconds: list[float], workers: int) -> float:
    """When the last of `workers` is done that take the calls in order, one after another."""
    free = [0.0] * workers
    for wait in seconds:
        heapq.heappush(free, heapq.heappop(free) + wait)
    return max(free)


def bench_schedule(quick: bool) -> None:
    calls, latency, in_flight = (400, 0.5, 32) if quick else (2000, 1.0, 64)
    shape = (latency, 0.1, 6.0)
    prompts = [f"{number} {PROMPT}" for number in range(calls)]
    greedy = greedy_makespan([seconds_of(prompt, *shape) for prompt in prompts], in_flight)
    with stub() as warm:
        asyncio.run(by_gem(warm, ["warm up"], 1))
    say(f"{calls} calls, {in_flight} in flight, {latency:g} s each and a tenth of them six times that")
    for name, client in {"raw aiohttp": by_aiohttp, "gem_assets": by_gem}.items():
        with stub(*shape) as url:
            began = time.perf_counter()
            asyncio.run(client(url, prompts, in_flight))
            wall = time.perf_counter() - began
        say(f"  {name:12} {wall:6.1f} s = {greedy / wall:6.1%} of the greedy schedule's {greedy:.1f} s")
    say("  wanted: at least 95%; the adaptive limit starts at 32 and has to climb")


def bench_rival(quick: bool) -> None:
    """The same stage by bespokelabs-curator, the leanest maintained rival; makes its environment once."""
    calls, latency, in_flight = (400, 0.5, 32) if quick else (2000, 1.0, 64)
    shape = (latency, 0.1, 6.0)
    python = RIVAL / "bin" / "python"
    if not python.is_file():
        say(f"installing {CURATOR} into {RIVAL} ...")
        subprocess.run([sys.executable, "-m", "venv", str(RIVAL)], check=True)
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), CURATOR], check=True)
    prompts = [f"{number} {PROMPT}" for number in range(calls)]
    greedy = greedy_makespan([seconds_of(prompt, *shape) for prompt in prompts], in_flight)
    with stub() as warm:
        asyncio.run(by_gem(warm, ["warm up"], 1))
    say(f"{calls} calls, {in_flight} in flight, {latency:g} s each and a tenth of them six times that")
    with stub(*shape) as url:
        began, used = time.perf_counter(), time.process_time()
        asyncio.run(by_gem(url, prompts, in_flight))
        say_rival("gem_assets", time.perf_counter() - began, time.process_time() - used, calls, greedy)
    with stub(*shape) as url, tempfile.TemporaryDirectory() as folder:
        command = [
            str(python),
            str(Path(__file__).with_name("rival_curator.py")),
            url,
            str(in_flight),
            folder,
        ]
        lines = "\n".join(map(json.dumps, prompts))
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["answers"] == calls, done.stderr
        say_rival(CURATOR, told["seconds"], told["cpu"], calls, greedy)


def say_rival(name: str, wall: float, cpu: float, calls: int, greedy: float) -> None:
    say(
        f"  {name:32} {wall:6.1f} s = {greedy / wall:6.1%} of greedy; {cpu / calls * 1e3:.2f} ms CPU per call"
    )


def asked(url: str) -> int:
    with urllib.request.urlopen(url.replace("/v1", "/count")) as reply:
        return json.load(reply)["count"]


def journaled(journal: Path) -> dict[str, bytes]:
    if not journal.is_file():
        return {}
    connection = sqlite3.connect(journal, timeout=60)
    try:
        return dict(connection.execute("SELECT key, response FROM calls WHERE status = 'done'").fetchall())
    except sqlite3.OperationalError:
        return {}  # killed before there was a table
    finally:
        connection.close()


def bench_crash(quick: bool) -> None:
    calls, kills, in_flight = (200, 4, 32) if quick else (1000, 20, 32)
    chance = random.Random(1)
    lost = 0
    known: dict[str, bytes] = {}
    again = [0]  # requests without an answer in the journal, after each kill
    with tempfile.TemporaryDirectory() as folder, stub(0.3, 0.1, 6.0) as url:
        journal = Path(folder) / "journal.db"
        for number in range(kills + 1):
            ask_until(url, folder, calls, in_flight, chance.uniform(0.2, 0.9) if number < kills else None)
            now = journaled(journal)
            lost += sum(now.get(key) != response for key, response in known.items())
            known = now
            again.append(asked(url) - len(known))
    per_kill = [after - before for before, after in pairwise(again[:-1])]
    say(f"{calls} calls, {in_flight} in flight, {kills} times kill -9")
    say(f"  answers in the journal at the end: {len(known)} of {calls}; lost or changed: {lost}")
    say(f"  requests {calls + again[-1]}: {again[-1]} bought again; by kill {per_kill}")
    say(f"  at most {max(per_kill)} for one kill (wanted: none lost, at most {in_flight} for each kill)")
    assert lost == 0
    assert len(known) == calls
    assert max(per_kill) <= in_flight
    assert again[-1] == sum(per_kill), "something was bought again without a kill"


def ask_until(url: str, home: str, calls: int, in_flight: int, seconds: float | None) -> None:
    """Have a process ask, and kill it after so many seconds from its start; None lets it end."""
    command = [sys.executable, str(PROCESS), url, home, str(calls), str(in_flight)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdout.readline()
    process.stdin.write("\n")
    process.stdin.flush()
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def main() -> None:
    asked_for = {"rival": bench_rival}  # its environment is not everybody's
    usual = {"cpu": bench_cpu, "schedule": bench_schedule, "crash": bench_crash}
    benches = usual | asked_for
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "benches", nargs="*", help=f"of {', '.join(benches)}; all but rival, where none is named"
    )
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    # Not by `choices`, which Python 3.11 applies to an empty list too.
    if unknown := set(arguments.benches) - set(benches):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    for name in arguments.benches or usual:
        benches[name](arguments.quick)
        say()


if __name__ == "__main__":
    main()
