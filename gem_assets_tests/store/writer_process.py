"""A process of its own that holds, appends, writes or builds, for tests that kill it or race it.

It says `ready` on standard output when it is where the test wants it, and then waits for its input to end.
What only some roles need is imported there: DuckDB takes longer to load than most of them run.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from gem_assets.store.files import append_line, only_writer, replacing
from gem_assets.store.home import Home

SHARD = "demo-00000"


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def wait() -> None:
    say("ready")
    sys.stdin.read()


def hold(home: Home) -> None:
    with only_writer(home.locks / "documents_outcomes" / f"{SHARD}.lock", "it"):
        wait()


def replace(home: Home) -> None:
    """Be on the way from the temporary file to the replacement."""
    with replacing(home.shard_file("documents_outcomes", SHARD)) as temporary:
        temporary.write_text("half a file")
        wait()


def append(home: Home) -> None:
    wait()
    for number in range(60):
        append_line(home.stage_runs, f"{os.getpid()} {number} {'x' * number}")


def die_unlogged(home: Home) -> None:
    """Be killed when the shard is replaced and the run is not yet in the log."""
    import gem_assets.store.shards
    from gem_assets_tests.store.writing import kept, write

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    gem_assets.store.shards.append_stage_run = die
    write(home, [kept(7)], run_id="killed")


def die_at_each_step(home: Home) -> None:
    """Replace one part per step of the writing, each in a process that is killed before it takes that step.

    Says how many steps there are: the last process finishes.
    """
    from gem_assets.store.parts import write_part

    for step in count():
        process = os.fork()
        if process == 0:
            _die_before(step)
            write_part(
                home, "ingests", f"demo-{step:05}", [ingest("killed")], what="it",
                metadata={"run_id": "killed"}, history=lambda metadata: metadata.get("run_id"),
            )  # fmt: skip
            os._exit(0)
        if os.waitpid(process, 0)[1] == 0:
            say(step)
            return


def _die_before(step: int) -> None:
    """Let the process be killed before its call of this number that changes the file system."""
    steps = count()

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **options: Any) -> Any:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*values, **options)

        return called

    for name in ("mkdir", "link", "unlink", "replace", "fsync"):
        setattr(os, name, counted(getattr(os, name)))


def ingest(note: str) -> dict[str, Any]:
    """A row of `ingests`, told apart by its corpus."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    counts = ("files", "passed_over", "rows_read", "accepted", "added", "changed", "rejected", "blank")
    named = {"ingest": note, "corpus": note, "started_at": moment, "finished_at": moment, "shards": []}
    return named | dict.fromkeys(counts, 0)


def settle(home: Home) -> None:
    from gem_assets.store.stage_runs import reconcile

    wait()
    reconcile(home)


def build(home: Home) -> None:
    from gem_assets.store.warehouse import build_warehouse

    wait()
    build_warehouse(home)


def read(home: Home) -> None:
    from gem_assets.store.connections import open_warehouse

    with open_warehouse(home) as connection:
        say(len(connection.execute("SELECT record_id FROM documents_outcomes").fetchall()))
        sys.stdin.read()
        say(len(connection.execute("SELECT record_id, payload FROM documents_outcomes").fetchall()))


ROLES = {
    role.__name__: role
    for role in (hold, replace, append, die_unlogged, die_at_each_step, settle, build, read)
}

if __name__ == "__main__":
    ROLES[sys.argv[1]](Home(Path(sys.argv[2])))
