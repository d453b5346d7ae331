"""What the tests of evaluation share: a model at a stub server, answered for and scored."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from gem_assets.configuration import read_configuration
from gem_assets.evaluation.benchmark_files import read_part
from gem_assets.evaluation.bfcl_generation import Generation, generate
from gem_assets.evaluation.bfcl_scoring import Score, score
from gem_assets.evaluation.evaluated_models import EvaluatedModel, describe_model, remember
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured
from gem_assets_tests.stub_server import StubServer

KEY = "sk-planted-0123456789abcdef"
# Every part of it breaks BFCL's scoring where it is used as the harness's name.
MODEL = "7b-gem_x@v1+lora"


def environment(server: StubServer) -> dict[str, str]:
    return {"GEM_POLICY_MODEL": MODEL, "GEM_POLICY_BASE_URL": server.url, "GEM_POLICY_API_KEY": KEY}


def evaluated(home: Home, server: StubServer, **options: Any) -> EvaluatedModel:
    wanted = {"mode": "fc", "thinking": "default", "recipe": None, "name": "mine", **options}
    found = describe_model(read_configuration(environment(server)), None, None, **wanted)
    remember(home, found)
    return found


def answered(
    home: Home, server: StubServer, model: EvaluatedModel, category: str, limit: int | None, **more: Any
) -> Generation:
    configuration = configured(home, {**environment(server), **more.pop("variables", {})})
    return asyncio.run(generate(configuration, model, category, "run-1", limit=limit, **more))


def scored(
    home: Home, model: EvaluatedModel, category: str, variables: dict[str, str] | None = None
) -> Score:
    return asyncio.run(score(configured(home, variables), model, category, "run-2"))


def rows(home: Home, table: str, category: str, name: str = "mine") -> dict[str, dict[str, Any]]:
    return {row["entry_id"]: row for row in read_part(home, table, name, category)}


def generate_in_a_process() -> None:
    """Answer a category as a process that can be killed: HOME URL CATEGORY LIMIT THREADS."""
    root, url, category, limit, threads = sys.argv[1:]
    variables = {"GEM_POLICY_MODEL": MODEL, "GEM_POLICY_BASE_URL": url, "GEM_POLICY_API_KEY": KEY}
    wanted: dict[str, Any] = {"mode": "fc", "thinking": "default", "recipe": None, "name": "mine"}
    configuration = configured(Home(Path(root)), variables)
    model = describe_model(configuration, None, None, **wanted)
    work = generate(configuration, model, category, "run-0", limit=int(limit), threads=int(threads))
    sys.stdout.write(json.dumps(vars(asyncio.run(work))))


if __name__ == "__main__":
    generate_in_a_process()
