"""What rules and verification cost, beside what a JSON Schema check of the calls alone does.

python -m gem_assets_tests.benches.bench_verification [--quick]
Over trajectories of the recorded answers and of the baseline generator, in CPU time of one core; the
smallest of five rounds. The baseline is jsonschema's own validator over every call, built once for each tool
and trajectory.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

from jsonschema import Draft202012Validator

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Constraint
from gem_assets.verification.registry import CONTENT_CHECKS, RULES, run_checks
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.verification.proof import offline_cases, recorded_cases

ROUNDS = 5
PAPER_MESSAGES = 46
Case = tuple[list[Tool], list[Message], list[Constraint], str]


def cases(quick: bool) -> list[Case]:
    return [
        (
            [Tool.model_validate(tool) for tool in plain.tools],
            [Message.model_validate(message) for message in plain.messages],
            [Constraint.model_validate(constraint) for constraint in plain.constraints],
            plain.source,
        )
        for plain in [*recorded_cases(), *([] if quick else offline_cases())]
    ]


def by_schema(case: Case) -> None:
    tools, messages, _, _ = case
    checks = {tool.name: Draft202012Validator(tool.parameters) for tool in tools}
    for message in messages:
        for call in message.tool_calls:
            if call.name in checks:
                list(checks[call.name].iter_errors(call.arguments))


def by_reading(case: Case) -> None:
    for message in case[1]:
        json.loads(json.dumps(message.content))
        if message.role == "tool" and message.content[:1] in "{[":
            json.loads(message.content)


def by_rules(case: Case) -> None:
    run_checks(TrajectoryView(case[0], case[1], source=case[3]), RULES)


def by_verification(case: Case) -> None:
    verified = run_checks(TrajectoryView(case[0], case[1], case[2], source=case[3]), CONTENT_CHECKS)
    _ = verified.metrics


def by_both(case: Case) -> None:
    by_rules(case)
    by_verification(case)


def seconds(work: Callable[[Case], None], found: list[Case]) -> float:
    taken: list[float] = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for case in found:
            work(case)
        taken.append(time.process_time() - started)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="Only the recorded answers.")
    found = cases(parser.parse_args().quick)
    messages = sum(len(messages) for _, messages, _, _ in found)
    baseline = seconds(by_schema, found)
    sys.stdout.write(f"{len(found)} trajectories, {messages} messages\n")
    sys.stdout.write(f"{'':32}{'of 46 messages per second':>28}{'times the baseline':>20}\n")
    for name, work in (
        ("jsonschema over the calls", by_schema),
        ("messages and results as JSON", by_reading),
        ("rules", by_rules),
        ("verification", by_verification),
        ("rules and verification", by_both),
    ):
        taken = seconds(work, found)
        sys.stdout.write(f"{name:32}{messages / PAPER_MESSAGES / taken:28.0f}{taken / baseline:20.1f}\n")


if __name__ == "__main__":
    main()
