"""`make ui`: Dagster's UI and daemon, and the report pages, on this machine only; nothing is left behind.

Dagster's own shutdown leaves its web server and code server running when its whole group is signalled at
once, so its parent is asked first and the group is ended after a moment.
"""

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gem_assets.orchestration.instance import open_instance
from gem_assets.settings import CHECKOUT, load_settings, read_environment
from gem_assets.store.home import Home
from gem_assets.store.tables import declare_tables

HOST = "127.0.0.1"
UI_PORT = 3000
REPORT_PORT = 3001
GRACE_SECONDS = 10


def main() -> int:
    """Serve until interrupted; returns the exit code."""
    environment = read_environment()
    home = Home(load_settings(environment).home)
    declare_tables(home)
    open_instance(home)
    home.reports.mkdir(parents=True, exist_ok=True)
    pages = serve_pages(home.reports)
    dagster = start_dagster({**environment, "GEM_HOME": str(home.root), "DAGSTER_HOME": str(home.dagster)})
    print(f"Dagster on http://{HOST}:{UI_PORT}, reports on http://{HOST}:{REPORT_PORT}", flush=True)  # noqa: T201
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _serve(dagster, stop)
    finally:
        pages.shutdown()


def start_dagster(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start web server and daemon in a process group of their own."""
    program = str(Path(sys.executable).with_name("dagster"))
    workspace = CHECKOUT / "workspace.yaml"
    loaded = ["-w", str(workspace)] if workspace.is_file() else ["-m", "gem_assets.definitions"]
    command = [program, "dev", "-h", HOST, "-p", str(UI_PORT), *loaded]
    return subprocess.Popen(command, env=environment, start_new_session=True)


def serve_pages(folder: Path) -> ThreadingHTTPServer:
    """Serve the report pages from a background thread."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer((HOST, REPORT_PORT), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _serve(dagster: subprocess.Popen[bytes], stop: threading.Event) -> int:
    while dagster.poll() is None and not stop.wait(timeout=0.5):
        pass
    if dagster.poll() is None:
        dagster.send_signal(signal.SIGINT)
        try:
            dagster.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            print("Dagster did not stop by itself and is ended", flush=True)  # noqa: T201
    _end_group(dagster)
    return 0 if stop.is_set() else 1


def _end_group(dagster: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(dagster.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(main())
