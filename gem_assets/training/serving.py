"""A server for one trained checkpoint, while it is needed: small models only, on 127.0.0.1.

For a large one, serve it with vLLM and set GEM_SYNTHESIZER_MODEL and GEM_SYNTHESIZER_BASE_URL.
"""

import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gem_assets.store.home import StoreError
from gem_assets.training.trainer import SCRIPTS, Trainer, clean

GRAMMAR = SCRIPTS / "trajectory.lark"
"""What the Synthesizer may write: tools and dialogue in the paper's tags."""
PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Served:
    """Where a model listens, and under which name."""

    base_url: str
    name: str

    def settings_for(self, role: str) -> dict[str, str]:
        """Give the environment variables that make it the model of a role; one answer at a time."""
        values = {"MODEL": f"hosted_vllm/{self.name}", "BASE_URL": self.base_url, "CONCURRENCY": "1"}
        return {f"GEM_{role.upper()}_{name}": value for name, value in values.items()}


@contextmanager
def serving(
    trainer: Trainer, model: Path, environment: Mapping[str, str], grammar: Path | None = GRAMMAR
) -> Generator[Served]:
    """Serve a checkpoint while the block runs; raises StoreError where it cannot be served."""
    held = [] if grammar is None else ["--grammar", str(grammar)]
    command = trainer.command("serve", [str(model), "--name", model.name, *held])
    server = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean(environment),
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stderr is not None
    try:
        address = server.stdout.readline().strip()
        if not address:
            said = server.stderr.read().strip().splitlines() or ["it ended without a word"]
            raise StoreError(said[-1])
        yield Served(address, model.name)
    finally:
        server.stdin.close()  # its sign to end
        try:
            server.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        server.stdout.close()
        server.stderr.close()
