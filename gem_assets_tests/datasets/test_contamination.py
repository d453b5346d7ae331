"""Planted words of a benchmark are found and quoted; near misses are not."""

import gzip
import json
from pathlib import Path

import pytest

from gem_assets.datasets.benchmark_lists import build_bfcl, build_tau2, main
from gem_assets.datasets.benchmarks import SHIPPED, Benchmarks, load_benchmarks, read_list, write_list
from gem_assets.datasets.contamination import find_contamination
from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.store.home import StoreError
from gem_assets_tests.datasets.making import RECIPE, candidate, chosen, unlike, words

REQUEST = "Please tow my violet tram to the northern depot before the bells ring"
LONG = words("long", 120)
POLICY = "# Rules\n" + words("policy", 40)
DESCRIPTION = "Fetch the violet tram from the shed and warm its brakes for the day"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Small stand-ins for both packages, in their layout."""
    root = tmp_path_factory.mktemp("packages")
    data = root / "bfcl_eval" / "data"
    (data / "multi_turn_func_doc").mkdir(parents=True)
    entry = {"question": [[{"role": "user", "content": REQUEST}], [{"role": "user", "content": LONG}], []]}
    for category in ("base", "miss_func", "miss_param", "long_context"):
        (data / f"BFCL_v4_multi_turn_{category}.json").write_text(json.dumps(entry) + "\n")
    tool = {
        "name": "fetch_tram",
        "description": f"This tool belongs to the shed. Tool description: {DESCRIPTION}",
        "parameters": {"properties": {"tram": {}, "depot": {}, "hour": {}}},
    }
    names = "gorilla_file_system math_api message_api posting_api ticket_api trading_bot travel_booking"
    for name in [*names.split(), "vehicle_control"]:
        (data / "multi_turn_func_doc" / f"{name}.json").write_text(
            json.dumps(tool | {"name": f"{name}_x" if name != "math_api" else "fetch_tram"}) + "\n"
        )
    tau = root / "tau2"
    for domain in ("airline", "retail"):
        folder = tau / "data" / "tau2" / "domains" / domain
        folder.mkdir(parents=True)
        (folder / "policy.md").write_text(POLICY)
        told = {"reason_for_call": f"{domain} {REQUEST}", "known_info": None, "domain": domain}
        (folder / "tasks.json").write_text(json.dumps([{"user_scenario": {"instructions": told}}]))
        code = tau / "src" / "tau2" / "domains" / domain
        code.mkdir(parents=True)
        (code / "tools.py").write_text(
            "raise SystemExit('never run')\nclass T:\n @is_tool(1)\n"
            " def move_tram(self, tram: str, depot: str):"
            '\n  """Move it.\n\n  Args:\n   tram: x\n  """\n def helper(self): pass\n'
        )
    return root / "bfcl_eval", tau


@pytest.fixture(scope="module")
def benchmarks(packages: tuple[Path, Path]) -> Benchmarks:
    lists = (build_bfcl(packages[0], "1"), build_tau2([packages[1]], "2"))
    return Benchmarks(lists, {})


def _saying(text: str, role: str = "user"):
    trajectory = unlike("z")
    messages = [*trajectory.messages]
    place = next(number for number, message in enumerate(messages) if message.role == role)
    messages[place] = Message(role=role, content=text)  # type: ignore[arg-type]
    return trajectory.model_copy(update={"messages": tuple(messages)})


def test_the_lists_hold_what_the_packages_hold(benchmarks: Benchmarks):
    bfcl, tau2 = benchmarks.lists
    assert (bfcl.user_texts, bfcl.policies, len(bfcl.tools)) == (2, 0, 8)
    assert (len(bfcl.user_grams), len(bfcl.long_grams)) == (13 - 8 + 1, 120 - 13 + 1)
    assert (tau2.policies, [tool.name for tool in tau2.tools]) == (1, ["move_tram", "move_tram"])
    assert tau2.tools[0].parameters == ("tram", "depot")


def test_eight_words_of_a_request_are_found_and_quoted_from_our_text(benchmarks: Benchmarks):
    said = "Hi! PLEASE tow my violet tram, to the northern depot. Thanks"
    hits = find_contamination(_saying(said), benchmarks.lists[:1])
    assert [(hit.kind, hit.place, hit.blocking) for hit in hits] == [("user_text", "user message 1", True)]
    assert hits[0].quote == "PLEASE tow my violet tram, to the northern"


def test_seven_words_are_not(benchmarks: Benchmarks):
    assert find_contamination(_saying("Please tow my violet tram to the station"), benchmarks.lists) == []


def test_long_texts_and_policies_need_thirteen_words(benchmarks: Benchmarks):
    for text, kind in ((LONG, "user_text"), (POLICY, "policy_text")):
        run = text.split()[4:20]
        assert [hit.kind for hit in find_contamination(_saying(" ".join(run[:13])), benchmarks.lists)] == [
            kind
        ]
        assert find_contamination(_saying(" ".join(run[:12])), benchmarks.lists) == []


def test_the_system_message_is_compared_with_policies(benchmarks: Benchmarks):
    [hit] = find_contamination(_saying(POLICY, "system"), benchmarks.lists)
    assert (hit.kind, hit.place) == ("policy_text", "system message 0")


def _with_tool(name: str, parameters: list[str], description: str = "Something else entirely"):
    schema = {"type": "object", "properties": {parameter: {} for parameter in parameters}}
    return unlike("z").model_copy(
        update={"tools": (Tool(name=name, description=description, parameters=schema),)}
    )


def test_a_tool_warns_when_name_and_two_thirds_of_its_parameters_agree(benchmarks: Benchmarks):
    [hit] = find_contamination(_with_tool("fetch_tram", ["tram", "depot"]), benchmarks.lists)
    assert (hit.kind, hit.blocking) == ("tool_signature", False)
    assert find_contamination(_with_tool("fetch_tram", ["tram", "colour"]), benchmarks.lists) == []
    assert find_contamination(_with_tool("fetch", ["tram", "depot"]), benchmarks.lists) == []


def test_a_tool_warns_when_its_description_is_the_same(benchmarks: Benchmarks):
    [hit] = find_contamination(_with_tool("get_it", [], DESCRIPTION.upper()), benchmarks.lists)
    assert hit.kind == "tool_description"


def test_a_contaminated_trajectory_is_rejected_or_kept_with_its_hits(benchmarks: Benchmarks):
    given = candidate(_saying(REQUEST))
    [rejected] = chosen(given, benchmarks=benchmarks)
    assert rejected.reason is Reason.DATASET_CONTAMINATED
    assert "violet tram" in str(rejected.evidence)
    recipe = RECIPE.model_copy(update={"decontamination": "report"})
    [kept] = chosen(given, recipe=recipe, benchmarks=benchmarks)
    assert kept.reason is None
    assert any(hit.blocking for hit in kept.hits)


def test_a_list_is_written_and_read_back_without_a_word_of_the_benchmark(
    packages: tuple[Path, Path], tmp_path: Path
):
    bfcl, tau2 = packages
    main(["--bfcl", str(bfcl), "--tau2", str(tau2), "--out", str(tmp_path)])
    for name, words_of_it in (("bfcl", "violet"), ("tau2", "policy1")):
        path = tmp_path / f"{name}.json.gz"
        assert words_of_it not in gzip.decompress(path.read_bytes()).decode()
        before = path.read_bytes()
        write_list(path, read_list(path))
        assert path.read_bytes() == before
    assert load_benchmarks(tmp_path).complete


def test_a_missing_list_is_said_and_a_broken_one_told(tmp_path: Path):
    found = load_benchmarks(tmp_path)
    assert not found.complete
    assert all(
        said.startswith("not checked (benchmark package not installed") for said in found.status.values()
    )
    (tmp_path / "bfcl.json.gz").write_bytes(b"no gzip")
    with pytest.raises(StoreError, match="holds no benchmark list"):
        load_benchmarks(tmp_path)


def test_the_shipped_lists_are_whole_and_small():
    found = load_benchmarks()
    sizes = {known.name: (known.user_texts, known.policies, len(known.tools)) for known in found.lists}
    assert sizes == {"bfcl": (1162, 0, 128), "tau2": (450, 2, 30)}
    assert sum(path.stat().st_size for path in SHIPPED.glob("*.gz")) < 400_000
