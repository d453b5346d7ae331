"""Have a model answer BFCL's entries: the harness runs the turns, the relay answers it.

Running it again asks nothing that was answered: the harness repeats itself, and the journal answers. So a
killed run loses the requests that were in flight and no more.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.evaluation.answering import Answering, count_answering
from gem_assets.evaluation.benchmark_files import write_part
from gem_assets.evaluation.bfcl import DRIVER, TASK, Bfcl, open_bfcl
from gem_assets.evaluation.evaluated_models import EvaluatedModel, EvaluationError
from gem_assets.evaluation.harness_process import run_driver, scratch_folder
from gem_assets.evaluation.progress import Tell, Telling
from gem_assets.evaluation.relay_server import REFUSED, RelayServer, serving
from gem_assets.llm.relay import Thinking, open_relays
from gem_assets.llm.roles import RoleSettings

TABLE = "bfcl_generations"
FACTS = "generation"
_ERROR = "Error during inference: "


@dataclass(frozen=True, kw_only=True)
class Generation(Answering):
    """A model's answers to a category."""

    category: str
    entries: int

    @property
    def wanted(self) -> str:
        """Say how many of what."""
        return f"{self.entries} entries of {self.category}"


async def generate(
    configuration: RunConfiguration,
    evaluated: EvaluatedModel,
    category: str,
    run_id: str,
    *,
    limit: int | None = None,
    threads: int = 16,
    tell: Callable[[Tell], None] = lambda tell: None,
) -> Generation:
    """Answer the entries of a category and write them down.

    Raises:
        EvaluationError: the harness is not there or broke; no request can succeed.
        ConfigurationError: a variable of the policy role is wrong.
    """
    home = configuration.home
    role = evaluated.role_settings(configuration)
    roles: list[tuple[str, RoleSettings, Thinking]] = [(TASK, role, evaluated.thinking)]
    with scratch_folder(home, f"{evaluated.name}={category}") as scratch:
        bfcl = await open_bfcl(configuration, category, scratch)
        ids = bfcl.first(limit)
        telling = Telling(f"{evaluated.name} {category}", len(ids), tell)
        job = bfcl.job("generate", ids, evaluated) | {"threads": threads}
        began = time.monotonic()
        version = bfcl.package.replace(" ", "@")
        async with (
            open_relays(roles, configuration.models.budget(run_id), home.root, run_id, version) as relays,
            serving(relays) as server,
        ):
            lines = await _ask(bfcl, job, scratch, server, telling)
        rows = [_row(line, evaluated, category, run_id) for line in lines]
    counted = count_answering(rows, len(ids), server.tallies[TASK], [], time.monotonic() - began)
    about = {"category": category, "package": bfcl.package, "data_hash": bfcl.data_hash}
    found = Generation(entries=len(ids), whole=len(bfcl.ids), **about, **counted)
    write_part(home, TABLE, evaluated.name, category, rows, {FACTS: json.dumps(asdict(found))})
    return found


async def _ask(
    bfcl: Bfcl, job: Mapping[str, Any], scratch: Path, server: RelayServer, telling: Telling
) -> list[dict[str, Any]]:
    """Run the harness against the relay; returns what it wrote down, one line per entry."""
    folder = scratch / "result" / job["name"] / "multi_turn"
    results = folder / f"BFCL_v4_{bfcl.harness_category}_result.json"
    variables = {"OPENAI_API_KEY": server.token, "OPENAI_BASE_URL": server.url(TASK)}

    async def watch() -> str | None:
        telling.tell(len(_lines(results)), server.tallies[TASK])
        return server.stopped

    await run_driver(bfcl.python, DRIVER, {**job, "port": server.port}, scratch, variables, watch)
    if server.stopped is not None:
        raise EvaluationError(server.stopped)
    return _lines(results)


def _row(line: Mapping[str, Any], evaluated: EvaluatedModel, category: str, run_id: str) -> dict[str, Any]:
    result, kind, error = line["result"], None, None
    if isinstance(result, str):
        error = result.removeprefix(_ERROR)[:500]
        kind = "refused" if REFUSED in result else "failed"
    return {
        "evaluated_model": evaluated.name,
        "category": category,
        "entry_id": line["id"],
        "result": json.dumps(result, ensure_ascii=True),
        "error_kind": kind,
        "error": error,
        "input_tokens": _sum(line.get("input_token_count")),
        "output_tokens": _sum(line.get("output_token_count")),
        "seconds": float(_sum(line.get("latency"))),
        "settings_hash": evaluated.settings_hash,
        "run_id": run_id,
    }


def _sum(value: Any) -> Any:  # noqa: ANN401 - a number, or lists of such
    if isinstance(value, list):
        return sum(map(_sum, value))
    return value or 0


def _lines(path: Path) -> list[dict[str, Any]]:
    """Read what the harness has written so far; it writes the file anew each time, so it may be torn."""
    try:
        return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (FileNotFoundError, ValueError):
        return []
