"""The policy of a round, asked the way its campaign says: process, own server, or someone's server.

Does not belong here: what it is asked.
"""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from gem_assets.configuration import RunConfiguration
from gem_assets.itool.policies import leash
from gem_assets.itool.policies.completions import ServedPolicy
from gem_assets.itool.policies.piped import PipedPolicy
from gem_assets.itool.rounds.campaign import PolicySettings
from gem_assets.itool.search.policy import Policy, PolicyError
from gem_assets.training.trainer import Trainer, clean

GRACE_SECONDS = 10
_POLL_SECONDS = 0.5


@contextmanager
def open_policy(
    configuration: RunConfiguration,
    settings: PolicySettings,
    trainer: Trainer,
    model: Path,
) -> Generator[Policy]:
    """Open the policy of a model folder, under the folder's name; raises PolicyError where that fails."""
    log = configuration.home.models / "policy.log"
    environment = configuration.child_environment
    if settings.backend == "process":
        with PipedPolicy(
            trainer,
            model,
            model.name,
            log,
            environment,
            precision=settings.precision,
            threads=settings.threads,
        ) as policy:
            yield policy
    elif settings.backend == "command":
        with _served(settings, trainer, environment, model, log) as policy:
            yield policy
    else:
        served = _by_role(configuration, model)
        try:
            served.check()
            yield served
        finally:
            served.close()


def _by_role(configuration: RunConfiguration, model: Path) -> ServedPolicy:
    role = configuration.with_models({"GEM_POLICY_MODEL": model.name}).models.role("policy")
    if role.base_url is None:
        raise PolicyError(f"serve {model} under the name {model.name}, and set GEM_POLICY_BASE_URL to where")
    key = role.api_key.get_secret_value() if role.api_key else None
    return ServedPolicy(role.base_url, model.name, api_key=key, timeout_seconds=role.timeout_seconds)


@contextmanager
def _served(
    settings: PolicySettings, trainer: Trainer, environment: Mapping[str, str], model: Path, log: Path
) -> Generator[ServedPolicy]:
    """Start the campaign's own server, wait until it has the model, and end it in the end."""
    port = _free_port()
    names = {
        "{model}": str(model),
        "{name}": model.name,
        "{port}": str(port),
        "{python}": str(trainer.python),
    }
    command = [_filled(part, names) for part in settings.serve]
    if shutil.which(command[0]) is None:
        raise PolicyError(
            f"{command[0]}, which policy.serve names, is not there: install it, or name its path"
        )
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        # On a leash: it ends with this process, also where that is killed.
        server = subprocess.Popen(
            [sys.executable, leash.__file__, *command],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            env=clean(environment),
        )
    policy = ServedPolicy(f"http://127.0.0.1:{port}/v1", model.name)
    try:
        _wait(server, port, settings.ready_seconds, log)
        policy.check()
        yield policy
    finally:
        policy.close()
        _end(server)


def _filled(part: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        part = part.replace(name, value)
    return part


def _wait(server: "subprocess.Popen[bytes]", port: int, seconds: float, log: Path) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.poll() is not None:
            raise PolicyError(f"the policy's server has ended: {log} says why")
        try:
            if httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(_POLL_SECONDS)
    raise PolicyError(f"the policy's server was not ready after {seconds:.0f} s: {log} says more")


def _end(server: "subprocess.Popen[bytes]") -> None:
    assert server.stdin is not None
    server.stdin.close()  # its sign to end
    try:
        server.wait(leash.GRACE_SECONDS + GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
