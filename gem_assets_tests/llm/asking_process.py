"""A process that asks a stub server so many questions, for tests that kill it or start several of it.

python asking_process.py URL HOME QUESTIONS CONCURRENCY [PREFIX]; other settings come from the environment.
"""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from gem_assets.llm.client import LiteLlm
from gem_assets.llm.configuration import read_models
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.protocol import StopRunError
from gem_assets.llm.roles import read_role
from gem_assets.llm.stopping import run_until_stopped
from gem_assets_tests.llm.rig import plain_sender, request


async def main(url: str, home: str, questions: str, concurrency: str, prefix: str = "question") -> None:
    environment = {
        **os.environ,
        "GEM_MODEL": "stub-model",
        "GEM_BASE_URL": url,
        "GEM_CONCURRENCY": concurrency,
    }
    caps = read_models(environment).budget("run-of-the-process")
    journal = Journal(Path(home) / "journal.db", "run-of-the-process", caps)
    llm = LiteLlm(read_role("filter", environment), journal, plain_sender(url))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        asking = (llm.complete(request(f"{prefix} {n}")) for n in range(int(questions)))
        answers = await asyncio.gather(*asking)
        sys.stdout.write("\n".join(answer.text for answer in answers))
    except StopRunError as stop:
        sys.stdout.write(f"stopped: {stop}")
    finally:
        await llm.close()
        journal.close()


run_until_stopped(main(*sys.argv[1:]))
