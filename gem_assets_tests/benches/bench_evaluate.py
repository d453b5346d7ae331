"""The oracle and the mute through the whole path of an evaluation, all 800 entries of BFCL V3 multi-turn.

    python -m gem_assets_tests.benches.bench_evaluate [ENTRIES]

Each entry goes through harness, relay, journal and checker; the oracle must score 100 % on every category and
the mute 0 %. Beside it: the time of a second run, which the journal answers, as a share of the first.
"""

import sys
import tempfile
import time
from pathlib import Path

from gem_assets.evaluation.benchmark_files import PARTS
from gem_assets.evaluation.bfcl import ENVIRONMENT, PYTHON
from gem_assets.evaluation.harness_process import find_python
from gem_assets.stages.catalog import declare_home
from gem_assets.store.home import Home
from gem_assets_tests.evaluation.bfcl_player import Player, mute, package_folder
from gem_assets_tests.evaluation.evaluating import answered, evaluated, scored
from gem_assets_tests.stub_server import Answer, StubServer


def main() -> None:
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else None
    package = package_folder(find_python(None, PYTHON, ENVIRONMENT))
    right = True
    for category in PARTS["bfcl"]:
        for name, player, wanted in (("oracle", Player(package, category), 1), ("mute", mute, 0)):
            right &= run(name, category, player, limit, wanted)
    sys.exit(not right)


def run(name: str, category: str, player: Answer, limit: int | None, wanted: int) -> bool:
    with tempfile.TemporaryDirectory() as folder, StubServer(player) as server:
        home = Home(Path(folder))
        declare_home(home)
        model = evaluated(home, server, name=name)
        began = time.monotonic()
        found = answered(home, server, model, category, limit)
        first = time.monotonic() - began
        again = answered(home, server, model, category, limit)
        second = time.monotonic() - began - first
        score = scored(home, model, category)
    said = f"{name:7} {category:13} {score.accuracy:7.2%} of {score.entries}, {found.requests} requests"
    print(f"{said} in {first:.0f} s; again, {again.bought} bought, in {second / first:.0%} of it", flush=True)
    return score.accuracy == wanted and again.bought == 0


if __name__ == "__main__":
    main()
