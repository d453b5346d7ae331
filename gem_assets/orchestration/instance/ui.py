"""`make ui`: Dagster's UI and daemon, and the report pages, on this machine only; nothing is left behind.

Dagster's own shutdown leaves its web server and code server running when its whole group is signalled at
once, so its parent is asked first and the group is ended after a moment.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

from gem_assets.configuration import read_configuration
from gem_assets.llm.roles import ConfigurationError
from gem_assets.orchestration.instance.backfill import LaunchError
from gem_assets.orchestration.instance.opening import open_instance
from gem_assets.orchestration.instance.running import cancel_runs
from gem_assets.orchestration.resources.addresses import HOST, Addresses
from gem_assets.settings import CHECKOUT, SettingsError, read_environment
from gem_assets.stages.catalog import declare_home

GRACE_SECONDS = 10
RUNS_SECONDS = 40
"""For runs to end: calls in flight have 20 seconds to come home (`llm/limits/pacing.py`)."""


class Stop(threading.Event):
    """Set by the first signal; by the second one, nothing is waited for any more."""

    def __init__(self) -> None:
        super().__init__()
        self.hurried = False

    def asked(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal."""
        self.hurried = self.is_set()
        self.set()


def main() -> int:
    """Serve until interrupted; returns the exit code."""
    try:
        configuration = read_configuration(read_environment())
        home, addresses = configuration.home, Addresses.of(configuration)
        home.reports.mkdir(parents=True, exist_ok=True)
        _claim(addresses.ui_port, "GEM_UI_PORT")
        pages = serve_pages(home.reports, addresses.report_port)
    except (SettingsError, ConfigurationError) as error:
        print(f"make ui: {error}", file=sys.stderr)  # noqa: T201
        return 2
    declare_home(home)
    open_instance(home)
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop.asked)
    environment = {**configuration.child_environment, "DAGSTER_HOME": str(home.dagster)}
    dagster = start_dagster(environment, addresses.ui_port)
    print(f"Dagster on {addresses.ui}, reports on {addresses.report}", flush=True)  # noqa: T201
    try:
        return _serve(dagster, stop, addresses.graphql)
    finally:
        pages.shutdown()


def start_dagster(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    """Start web server and daemon in a process group of their own."""
    program = str(Path(sys.executable).with_name("dagster"))
    workspace = CHECKOUT / "workspace.yaml"
    loaded = ["-w", str(workspace)] if workspace.is_file() else ["-m", "gem_assets.definitions"]
    command = [program, "dev", "-h", HOST, "-p", str(port), *loaded]
    return subprocess.Popen(command, env=environment, start_new_session=True)


def serve_pages(folder: Path, port: int) -> ThreadingHTTPServer:
    """Serve the report pages from a background thread; raises SettingsError where the port is taken."""
    _claim(port, "GEM_REPORT_PORT")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer((HOST, port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _claim(port: int, variable: str) -> None:
    """See whether a port is free: Dagster would answer with a traceback half a minute later."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(
                f"port {port} is taken: stop what listens there, or choose another with {variable}"
            ) from error


def _serve(dagster: subprocess.Popen[bytes], stop: Stop, graphql: str) -> int:
    while dagster.poll() is None and not stop.wait(timeout=0.5):
        pass
    if dagster.poll() is None:
        _end_runs(graphql, stop)
        dagster.send_signal(signal.SIGINT)
        try:
            dagster.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            print("Dagster did not stop by itself and is ended", flush=True)  # noqa: T201
    _end_group(dagster)
    return 0 if stop.is_set() else 1


def _end_runs(graphql: str, stop: Stop) -> None:
    print("stopping: runs end first, so that no answer that was paid for is lost", flush=True)  # noqa: T201
    try:
        left = cancel_runs(graphql, RUNS_SECONDS, lambda: stop.hurried)
    except LaunchError as error:
        print(f"runs could not be asked to end: {error}", flush=True)  # noqa: T201
        return
    if left:
        print(f"{left} runs are ended as they are; launching them again continues", flush=True)  # noqa: T201


def _end_group(dagster: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(dagster.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(main())
