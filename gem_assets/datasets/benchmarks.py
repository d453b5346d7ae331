"""What the benchmarks say, as hashed word n-grams and tool signatures: the lists data is compared with.

The lists hold no text of a benchmark; `benchmark_lists.py` builds them from an installed copy.
Does not belong here: the comparison (`contamination`).
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.records.base import Record
from gem_assets.store.home import StoreError

SHIPPED = Path(__file__).parent / "benchmarks"
NAMES = {"bfcl": "BFCL V3 multi-turn", "tau2": "tau2-bench airline and retail"}

SHORT_GRAM = 8
LONG_GRAM = 13
LONG_TEXT_WORDS = 100
"""Longer benchmark texts are compared by 13-grams: in them, eight words in a row agree by chance."""
DESCRIPTION_GRAM = 5


class BenchmarkTool(Record):
    """A tool of a benchmark: its name, its parameters' names, and its description's hashed 5-grams."""

    name: str
    parameters: tuple[str, ...]
    description: frozenset[int]


class BenchmarkList(Record):
    """One benchmark. Hashes are those of `shingles.hash_words`."""

    name: str
    source: str
    """The package and version it was built from."""
    user_texts: int
    policies: int
    user_grams: frozenset[int]
    """8-grams of user messages and task descriptions of up to 100 words."""
    long_grams: frozenset[int]
    """13-grams of longer ones."""
    policy_grams: frozenset[int]
    """13-grams of policies."""
    tools: tuple[BenchmarkTool, ...]


@dataclass(frozen=True)
class Benchmarks:
    """The lists there are, and for each benchmark whether it can be checked against."""

    lists: tuple[BenchmarkList, ...]
    status: dict[str, str]

    @property
    def complete(self) -> bool:
        """Tell whether no list is missing."""
        return len(self.lists) == len(self.status)


def load_benchmarks(folder: Path = SHIPPED) -> Benchmarks:
    """Read the lists of a folder; a missing one is said in `status`, a broken one raises StoreError."""
    lists: list[BenchmarkList] = []
    status: dict[str, str] = {}
    for name in NAMES:
        path = folder / f"{name}.json.gz"
        if not path.is_file():
            status[name] = "not checked (benchmark package not installed, and no list of it)"
            continue
        found = read_list(path)
        lists.append(found)
        status[name] = (
            f"checked against {found.source}: {found.user_texts} user texts, {found.policies} policies, "
            f"{len(found.tools)} tools"
        )
    return Benchmarks(tuple(lists), status)


def read_list(path: Path) -> BenchmarkList:
    """Read one list; raises StoreError where the file does not hold one."""
    try:
        return BenchmarkList.model_validate_json(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise StoreError(
            f"{path} holds no benchmark list: build it with python -m gem_assets.datasets.benchmark_lists"
        ) from error


def write_list(path: Path, found: BenchmarkList) -> None:
    """Write one list, the same bytes for the same benchmark."""
    content: dict[str, Any] = found.model_dump(mode="json")
    for field in ("user_grams", "long_grams", "policy_grams"):
        content[field] = sorted(content[field])
    for tool in content["tools"]:
        tool["description"] = sorted(tool["description"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))
