"""Build the benchmark lists from installed copies; nothing of either package is imported or run.

    python -m gem_assets.datasets.benchmark_lists --bfcl BFCL_EVAL_FOLDER --tau2 CHECKOUT… --out FOLDER

BFCL comes as a package (`bfcl-eval`, installed without its dependencies), tau2-bench as a checkout; several
checkouts of it (texts differ between versions) make one list.
"""

import argparse
import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gem_assets.datasets.benchmarks import (
    DESCRIPTION_GRAM,
    LONG_GRAM,
    LONG_TEXT_WORDS,
    SHIPPED,
    SHORT_GRAM,
    BenchmarkList,
    BenchmarkTool,
    write_list,
)
from gem_assets.datasets.shingles import find_words, hash_grams

BFCL_CATEGORIES = ("base", "miss_func", "miss_param", "long_context")
BFCL_TOOL_FILES = (
    "gorilla_file_system", "math_api", "message_api", "posting_api", "ticket_api", "trading_bot",
    "travel_booking", "vehicle_control",
)  # fmt: skip
TAU2_DOMAINS = ("airline", "retail")
# Every BFCL description opens with a sentence about its class; what sets a tool apart follows this.
_BFCL_OPENING = re.compile(r"^This tool belongs to .*?Tool description:\s*", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the lists that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bfcl", type=Path, help="the folder bfcl_eval of the installed package")
    parser.add_argument("--bfcl-version", default="unknown version")
    parser.add_argument("--tau2", type=Path, nargs="*", default=[], help="checkouts of tau2-bench")
    parser.add_argument("--tau2-version", default="unknown version")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args(arguments)
    if options.bfcl:
        write_list(options.out / "bfcl.json.gz", build_bfcl(options.bfcl, options.bfcl_version))
    if options.tau2:
        write_list(options.out / "tau2.json.gz", build_tau2(options.tau2, options.tau2_version))


def build_bfcl(package: Path, version: str) -> BenchmarkList:
    """Read the four multi-turn categories (V3's, filed under V4 names) and their eight tool classes."""
    data = package / "data"
    texts: set[str] = set()
    for category in BFCL_CATEGORIES:
        for entry in _json_lines(data / f"BFCL_v4_multi_turn_{category}.json"):
            texts |= {message["content"] for turn in entry["question"] for message in turn}
    tools = [
        _tool(
            entry["name"],
            entry["parameters"]["properties"],
            _BFCL_OPENING.sub("", entry["description"]),
        )
        for name in BFCL_TOOL_FILES
        for entry in _json_lines(data / "multi_turn_func_doc" / f"{name}.json")
    ]
    return _assemble("bfcl", f"bfcl-eval {version}", texts - {""}, [], tools)


def build_tau2(checkouts: Sequence[Path], version: str) -> BenchmarkList:
    """Read tasks, policies and tools of airline and retail out of one or more checkouts."""
    texts: set[str] = set()
    policies: set[str] = set()
    tools: dict[str, BenchmarkTool] = {}
    for checkout in checkouts:
        for domain in TAU2_DOMAINS:
            folder = checkout / "data" / "tau2" / "domains" / domain
            policies.add((folder / "policy.md").read_text("utf-8"))
            for task in json.loads((folder / "tasks.json").read_text("utf-8")):
                texts |= set(_strings(task["user_scenario"]["instructions"]))
            source = checkout / "src" / "tau2" / "domains" / domain / "tools.py"
            tools |= {f"{domain}.{tool.name}": tool for tool in _decorated(source)}
    return _assemble("tau2", f"tau2-bench {version}", texts, policies, list(tools.values()))


def _assemble(
    name: str, source: str, texts: Iterable[str], policies: Iterable[str], tools: list[BenchmarkTool]
) -> BenchmarkList:
    split = [[word.text for word in find_words(text)] for text in sorted(texts)]
    rules = [[word.text for word in find_words(text)] for text in sorted(policies)]
    short = [words for words in split if len(words) <= LONG_TEXT_WORDS]
    long = [words for words in split if len(words) > LONG_TEXT_WORDS]
    return BenchmarkList(
        name=name,
        source=source,
        user_texts=len(split),
        policies=len(rules),
        user_grams=frozenset(gram for words in short for gram in hash_grams(words, SHORT_GRAM)),
        long_grams=frozenset(gram for words in long for gram in hash_grams(words, LONG_GRAM)),
        policy_grams=frozenset(gram for words in rules for gram in hash_grams(words, LONG_GRAM)),
        tools=tuple(sorted(tools, key=lambda tool: (tool.name, tool.parameters))),
    )


def _tool(name: str, parameters: Iterable[str], description: str) -> BenchmarkTool:
    words = [word.text for word in find_words(description)]
    grams = frozenset(hash_grams(words, DESCRIPTION_GRAM))
    return BenchmarkTool(name=name, parameters=tuple(parameters), description=grams)


def _decorated(source: Path) -> Iterator[BenchmarkTool]:
    """Read the methods marked `@is_tool(…)`, without running them."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(
            "is_tool" in ast.unparse(mark) for mark in node.decorator_list
        ):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
            told = (ast.get_docstring(node) or "").partition("Args:")[0]
            yield _tool(node.name, names, told)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for field in value.values():
            yield from _strings(field)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


if __name__ == "__main__":
    main()
