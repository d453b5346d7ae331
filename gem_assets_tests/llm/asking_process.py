"""A process that asks a stub server so many questions, for tests that kill it or start two of it.

python asking_process.py URL HOME QUESTIONS CONCURRENCY
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from gem_assets.llm.client import LiteLlm
from gem_assets.llm.journal import Journal
from gem_assets.llm.roles import read_role
from gem_assets_tests.llm.rig import plain_sender, request


async def main(url: str, home: str, questions: str, concurrency: str) -> None:
    environment = {"GEM_MODEL": "stub-model", "GEM_BASE_URL": url, "GEM_CONCURRENCY": concurrency}
    journal = Journal(Path(home) / "journal.db", "run-of-the-process")
    llm = LiteLlm(read_role("filter", environment), journal, plain_sender(url))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    answers = await asyncio.gather(*(llm.complete(request(f"question {n}")) for n in range(int(questions))))
    sys.stdout.write("\n".join(answer.text for answer in answers))
    await llm.close()
    journal.close()


asyncio.run(main(*sys.argv[1:]))
