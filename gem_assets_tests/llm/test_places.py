import os
import signal
import subprocess
import sys
from pathlib import Path

from gem_assets.llm.journal.database import Database, Owner
from gem_assets.llm.limits.places import (
    FIRST_PLACES,
    Demand,
    Room,
    Window,
    change_window,
    find_room,
    read_window,
    tell_demand,
)
from gem_assets_tests.llm.rig import go, rows, said, start, wait_until
from gem_assets_tests.stub_server import StubServer

POOL = "m at http://127.0.0.1/v1"


def demand(wants: int = 1, most: int = 64) -> Demand:
    return Demand(POOL, "m", "http://127.0.0.1/v1", most, wants)


def hold(database: Database, owner: Owner, calls: int) -> None:
    for number in range(calls):
        database.connection.execute(
            "INSERT INTO calls (key, status, task, role, prompt_version, model, base_url, sample, request, "
            "owner, pid, run_id, started_at) "
            "VALUES (?, 'started', 't', 'filter', 'p', 'm', ?, 0, '', ?, ?, 'r', 0)",
            (f"{owner.name} {number} {calls}", "http://127.0.0.1/v1", owner.name, owner.pid),
        )


def on_thread(tmp_path, work):
    database = Database(tmp_path / "journal.db")
    try:
        return database.read_now(lambda _: [work(database)], None)
    finally:
        database.close(lambda _: [None])


# Process 1 of the machine, or of the container, is alive and not us.
def alive() -> Owner:
    return Owner(f"{Path('/proc/1/stat').read_text().rpartition(')')[2].split()[19]}-other", 1)


def dead() -> Owner:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return Owner("1-gone", gone.pid)


def test_alone_a_process_may_have_all_the_places(tmp_path):
    def work(database):
        hold(database, database.me, 7)
        return [find_room(database.connection, demand(), Window(places, 0), database.me) for places in (8, 7)]

    assert on_thread(tmp_path, work) == [Room(7, 1), Room(7, 0)]


def test_the_places_of_a_dead_process_are_free(tmp_path):
    def work(database):
        hold(database, dead(), 8)
        return find_room(database.connection, demand(), Window(8, 0), database.me)

    assert on_thread(tmp_path, work) == Room(0, 8)


def test_nobody_takes_what_is_another_ones_share(tmp_path):
    def work(database):
        hold(database, alive(), 1)
        hold(database, database.me, 4)
        tell_demand(database.connection, demand(wants=9), alive())
        window = Window(8, 0)
        crowded = find_room(database.connection, demand(), window, database.me)
        tell_demand(database.connection, demand(wants=2), alive())
        modest = find_room(database.connection, demand(), window, database.me)
        return crowded, modest

    assert on_thread(tmp_path, work) == (Room(5, 0), Room(5, 2)), "half is the other's, if it wants it"


def test_a_window_is_changed_only_by_who_has_seen_it_last(tmp_path):
    def work(database):
        connection = database.connection
        first = read_window(connection, POOL, 64)
        change_window(connection, POOL, 0, 40)
        change_window(connection, POOL, 0, 8)
        return first, read_window(connection, POOL, 64), read_window(connection, POOL, 10)

    assert on_thread(tmp_path, work) == (Window(FIRST_PLACES, 0), Window(40, 1), Window(10, 1))


def test_four_processes_together_have_no_more_calls_in_flight_than_allowed(tmp_path):
    with StubServer(lambda asked: "hello", latency=0.03) as server:
        processes = [start(server, tmp_path, 25, 5, f"process {number},") for number in range(4)]
        go(*processes)
        assert [len(said(process)) for process in processes] == [25] * 4
    assert len(server.requests) == 100
    assert server.max_in_flight == 5


def test_the_places_of_a_killed_process_are_taken_by_the_others(tmp_path):
    with StubServer(lambda asked: "hello", latency=0.2) as server:
        killed, other = start(server, tmp_path, 40, 4, "killed"), start(server, tmp_path, 12, 4, "other")
        go(killed)
        wait_until(lambda: len(rows(tmp_path)) >= 4)
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        server.max_in_flight = 0
        go(other)
        assert len(said(other)) == 12
    assert server.max_in_flight >= 4
