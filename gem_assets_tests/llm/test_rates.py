from gem_assets.llm.journal.database import Database
from gem_assets.llm.limits.rates import Take, settle, take
from gem_assets_tests.llm.rig import go, said, start
from gem_assets_tests.stub_server import StubServer


def on_thread(tmp_path, work):
    database = Database(tmp_path / "journal.db")
    try:
        return database.read_now(lambda _: [work(database.connection)], None)
    finally:
        database.close(lambda _: [None])


def test_no_minute_sees_more_than_its_allowance(tmp_path):
    def work(connection):
        now, sent = 0.0, []
        while now < 300:
            seconds = take(connection, [Take("rpm", 60, 1)], now)
            if seconds:
                now += seconds
            else:
                sent.append(now)
        return sent

    sent = on_thread(tmp_path, work)
    assert max(sum(start <= moment < start + 60 for moment in sent) for start in sent) <= 60
    assert len(sent) > 0.85 * 300


def test_takes_from_all_buckets_or_from_none(tmp_path):
    def work(connection):
        both = [Take("rpm", 600, 1), Take("tpm", 600, 60)]
        first, second = take(connection, both, 0), take(connection, both, 0)
        return first, second, connection.execute("SELECT level FROM rates WHERE name = 'rpm'").fetchone()[0]

    assert on_thread(tmp_path, work) == (0, 60 / 9, 59)


def test_more_than_a_bucket_holds_is_taken_when_it_is_full_and_owed(tmp_path):
    def work(connection):
        big = [Take("tpm", 600, 150)]
        return (
            take(connection, big, 0),
            take(connection, big, 0),
            take(connection, big, 16.6),
            take(connection, big, 16.7),
        )

    first, owed, nearly, full = on_thread(tmp_path, work)
    assert (first, full) == (0, 0)
    assert round(owed, 1) == 16.7
    assert 0 < nearly < 0.1


def test_what_was_not_used_is_given_back(tmp_path):
    def work(connection):
        take(connection, [Take("tpm", 600, 60)], 0)
        settle(connection, "tpm", 60, 20)
        return take(connection, [Take("tpm", 600, 40)], 0)

    assert on_thread(tmp_path, work) == 0


def test_processes_wait_for_requests_a_minute_together(tmp_path):
    with StubServer(lambda asked: "hello") as server:
        # 60 at once, then 9 a second.
        processes = [start(server, tmp_path, 35, 64, f"p{number}", GEM_RPM="600") for number in range(2)]
        go(*processes)
        assert [len(said(process)) for process in processes] == [35, 35]
        assert len(server.requests) == 70
    first, last = server.times[0], server.times[-1]
    assert last - first > 0.9 * 10 / 9
