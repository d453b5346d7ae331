import asyncio
import signal
import subprocess
import sys
import threading

import pytest

from gem_assets.llm.stopping import run_until_stopped
from gem_assets_tests.llm.rig import go, rows, start, wait_until
from gem_assets_tests.stub_server import StubServer


async def add(one: int, two: int) -> int:
    await asyncio.sleep(0)
    return one + two


def test_gives_what_the_work_gives_in_any_thread():
    assert run_until_stopped(add(1, 2)) == 3
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(run_until_stopped(add(3, 4))))
    thread.start()
    thread.join()
    assert found == [7]


def test_leaves_the_signals_as_they_were():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    run_until_stopped(add(1, 2))
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_in_flight_be_journaled_and_then_takes_its_course(tmp_path, number):
    with StubServer(lambda _: "hello", latency=0.5) as server:
        process = start(server, tmp_path, 20, 4)
        go(process)
        wait_until(lambda: len(server.requests) == 4)
        process.send_signal(number)
        process.communicate()
    assert process.returncode in (-number, 1 if number == signal.SIGINT else -number)
    assert [status for (status,) in rows(tmp_path)] == ["done"] * 4


def test_a_signal_goes_on_to_who_listened_before():
    code = (
        "import asyncio, os, signal\n"
        "from gem_assets.llm.stopping import run_until_stopped\n"
        "def heard(number, frame): raise RuntimeError('heard')\n"
        "signal.signal(signal.SIGTERM, heard)\n"
        "async def work():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    await asyncio.sleep(60)\n"
        "run_until_stopped(work())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "RuntimeError: heard" in done.stderr
