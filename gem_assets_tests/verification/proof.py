"""`python -m gem_assets_tests.verification.proof`: plant every kind of defect, print what is found.

Clean trajectories come from the recorded answers, from the offline generator over the sample corpus, and from
dialogues written by hand in other styles. Does not belong here: the defects (in the product,
`calibration/planting`), the dialogues (`handwritten/`).
"""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gem_assets.calibration.planting.kinds import KINDS
from gem_assets.calibration.planting.plain import Plain
from gem_assets.corpus.reading import read_paths
from gem_assets.llm.configuration import read_models
from gem_assets.llm.models import open_models
from gem_assets.pipeline import synthesize
from gem_assets.records.judgement import Finding
from gem_assets.records.message import Message
from gem_assets.records.outcome import Kept
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Constraint
from gem_assets.settings import Settings
from gem_assets.verification.registry import CONTENT_CHECKS, run_checks
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.stages.chain import PROCEDURES, chain
from gem_assets_tests.verification.handwritten import handwritten
from gem_assets_tests.verification.shown_by import SHOWN_BY

FIRST_LOOK = "5 of 26 and 0 of 21, most of the kinds being new"
SAMPLE_CORPUS = Path(__file__).parents[2] / "gem_assets" / "sample_corpus"


@dataclass
class Line:
    """One kind of defect: how many were planted, could be seen, were seen."""

    kind: str
    is_error: bool
    planted: int = 0
    detectable: int = 0
    found: int = 0
    missed: list[str] = field(default_factory=list[str])


def findings_of(plain: Plain) -> tuple[Finding, ...]:
    """Check what is said and done in a plain trajectory."""
    view = TrajectoryView(
        [Tool.model_validate(tool) for tool in plain.tools],
        [Message.model_validate(message) for message in plain.messages],
        [Constraint.model_validate(constraint) for constraint in plain.constraints],
        source=plain.source,
    )
    return run_checks(view, CONTENT_CHECKS).findings


def as_plain(name: str, trajectory: Trajectory) -> Plain:
    """Write a trajectory as plain JSON."""
    return Plain(
        name,
        [tool.model_dump(mode="json") for tool in trajectory.tools],
        [message.model_dump(mode="json") for message in trajectory.messages],
        [constraint.model_dump(mode="json") for constraint in trajectory.workflow.constraints],
        trajectory.workflow.procedure.document.text,
    )


def plant_all(cases: list[Plain], rounds: int = 1) -> list[Line]:
    """Plant every kind into every clean trajectory that has a place for it."""
    clean = {case.name: Counter(finding.reason for finding in findings_of(case)) for case in cases}
    lines: list[Line] = []
    for kind in KINDS:
        line = Line(kind.name, kind.is_error)
        for number in range(rounds):
            for case in cases:
                planted = kind.plant(case.copy(), random.Random(f"{kind.name}{number}{case.name}"))
                if planted is None:
                    continue
                line.planted += 1
                line.detectable += planted.detectable
                if planted.detectable:
                    found = Counter(finding.reason for finding in findings_of(planted.plain))
                    seen = any(found[reason] > clean[case.name][reason] for reason in SHOWN_BY[kind.name])
                    line.found += seen
                    line.missed.extend([] if seen else [case.name])
        lines.append(line)
    return lines


def recorded_cases() -> list[Plain]:
    """Drafts and refinements of the recorded answers."""
    chains = [chain(name) for name in PROCEDURES]
    pairs = [("draft", one.draft) for one in chains] + [("refined", one.refined) for one in chains]
    return [as_plain(f"{stage} {one.trajectory_id}", one) for stage, one in pairs]


def offline_cases() -> list[Plain]:
    """Drafts and refinements of the offline generator over the sample corpus."""
    cases: list[Plain] = []

    async def collect(home: Path) -> None:
        async with open_models(read_models({}), home, "proof") as models:
            for row in read_paths([SAMPLE_CORPUS], "sample").accepted:
                async for asset, outcome in synthesize(row, models, Settings(home=home)):
                    if asset in ("draft_trajectories", "refined_trajectories") and isinstance(outcome, Kept):
                        cases.extend(as_plain(f"{asset} {row.source}", one) for one in outcome.records)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(collect(Path(folder)))
    return cases


def clean_handwritten() -> list[Plain]:
    """The clean dialogues written by hand."""
    return [plain for plain, _ in handwritten("clean")]


def alarms(cases: list[Plain]) -> list[tuple[str, Finding]]:
    """Collect the errors of clean trajectories."""
    return [
        (case.name, finding) for case in cases for finding in findings_of(case) if finding.level == "error"
    ]


def print_table(lines: list[Line]) -> None:
    """Print one line per kind of defect."""
    write = sys.stdout.write
    write(f"{'planted defect':48}{'level':11}{'planted':>8}{'detectable':>12}{'found':>7}{'recall':>8}\n")
    for line in lines:
        level = "error" if line.is_error else "warning"
        share = f"{line.detectable / line.planted:.0%}" if line.planted else "-"
        recall = f"{line.found / line.detectable:.1%}" if line.detectable else "-"
        write(f"{line.kind:48}{level:11}{line.planted:8}{share:>12}{line.found:7}{recall:>8}\n")
    for level, kept in (("error", True), ("warning", False)):
        own = [line for line in lines if line.is_error == kept]
        planted, detectable, found = (
            sum(getattr(line, name) for line in own) for name in ("planted", "detectable", "found")
        )
        share, recall = detectable / planted, found / detectable
        write(f"{'all ' + level:48}{level:11}{planted:8}{share:12.0%}{found:7}{recall:8.1%}\n")


def _print_later() -> None:
    """Print what was written after the checks, beside what the first look at it gave."""
    clean, wrong = handwritten("later_clean"), handwritten("later_defective")
    alarmed = sum(bool(alarms([plain])) for plain, _ in clean)
    found = sum(bool({one.reason for one in findings_of(plain)} & set(reasons)) for plain, reasons in wrong)
    sys.stdout.write(
        f"written later: {found} of {len(wrong)} found, {alarmed} of {len(clean)} clean ones with an "
        f"error; at first look {FIRST_LOOK}\n"
    )


def main() -> None:
    """Print the proof: planted defects, false alarms, the dialogues written by hand, speed."""
    write = sys.stdout.write
    sets = {"recorded": recorded_cases(), "offline": offline_cases(), "by hand": clean_handwritten()}
    cases = [case for one in sets.values() for case in one]
    print_table(plant_all(cases))
    write("\n")
    for name, one in sets.items():
        alarmed = {place for place, _ in alarms(one)}
        write(f"clean, {name}: {len(alarmed)} of {len(one)} trajectories with an error\n")
    for place, finding in alarms(cases):
        write(f"  {place}: {finding.reason}: {finding.evidence}\n")
    wrong = handwritten("defective")
    missed = [
        plain.name for plain, reasons in wrong if not {f.reason for f in findings_of(plain)} & set(reasons)
    ]
    write(f"defective, by hand: {len(wrong) - len(missed)} of {len(wrong)} found\n")
    write("".join(f"  missed: {name}\n" for name in missed))
    _print_later()
    started = time.process_time()
    for case in cases:
        findings_of(case)
    count = sum(len(case.messages) for case in cases)
    write(
        f"speed: {count / 46 / (time.process_time() - started):.0f} trajectories of 46 messages per second\n"
    )


if __name__ == "__main__":
    main()
