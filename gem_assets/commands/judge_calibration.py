"""`gem calibrate-judge` as a function that says what it did; the command is in `commands/`."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from gem_assets.calibration.cases import CaseSet, passed_before, read_cases
from gem_assets.calibration.measuring import Measuring, Question, make_questions, measure, store
from gem_assets.commands.running import Echo
from gem_assets.configuration import RunConfiguration
from gem_assets.llm.models import open_models
from gem_assets.llm.money.budget import run_budget_variables
from gem_assets.llm.panel import members_of
from gem_assets.llm.protocol import Llm
from gem_assets.llm.roles import ConfigurationError
from gem_assets.llm.stopping import run_until_stopped
from gem_assets.records.trajectory import Trajectory
from gem_assets.reports.judges.calibration import read_calibrations
from gem_assets.reports.judges.text import calibration_lines
from gem_assets.stages.judging import SAMPLING
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home

HOME_CASES = 20
"""Cases taken from GEM_HOME where no limit is given: about 350 questions a sample."""


def calibrate(configuration: RunConfiguration, options: dict[str, Any], echo: Echo, progress: Echo) -> int:
    """Measure every judge that is set; returns the exit code, 1 where too many verdicts broke.

    Raises:
        ConfigurationError: no judge model is set.
        StoreError: there is nothing to plant defects into.
    """
    judge = configuration.models.role("judge")
    if judge.is_offline:
        raise ConfigurationError("no judge model is set: set GEM_JUDGE_MODEL, or GEM_MODEL for all roles")
    settings, home = configuration.settings, configuration.home
    chosen: CaseSet = options["cases"]
    cases = read_cases(home, chosen, options["limit"] or (HOME_CASES if chosen == "home" else None))
    measuring = Measuring(chosen, options["samples"], options["findings"], settings.prompts)
    questions = make_questions(cases, measuring.samples)
    progress(f"{len(cases)} clean trajectories, {len(questions)} questions to each judge")
    models_of_run = configuration.with_models(run_budget_variables(options["budget"])).models
    run_id = f"calibration-{uuid.uuid4().hex[:12]}"

    async def ask_all() -> list[list[dict[str, Any]]]:
        async with open_models(models_of_run, home.root, run_id) as models:
            return [
                await measure(member, questions, measuring, judge.concurrency, _teller(member, progress))
                for member in members_of(models.judge)
            ]

    measured = run_until_stopped(ask_all())
    for rows in measured:
        store(home, rows)
    _tell(home, measured, cases, questions, echo)
    missing = max(sum(row["verdict"] == "none" for row in rows) / len(rows) for rows in measured)
    return 1 if missing > settings.maximum_failed else 0


def _teller(member: Llm, say: Echo) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        if done == total or done * 10 // total > (done - 1) * 10 // total:
            say(f"{member.identity_for(SAMPLING).partition(' ')[0]}: {done} of {total}")

    return tell


def _tell(
    home: Home,
    measured: Sequence[Sequence[dict[str, Any]]],
    cases: Sequence[Trajectory],
    questions: Sequence[Question],
    echo: Echo,
) -> None:
    judges = {(rows[0]["judge"], rows[0]["prompt_version"]) for rows in measured}
    with open_live(home) as connection:
        found = read_calibrations(connection)
    for calibration in found:
        if (calibration.judge, calibration.prompt_version) not in judges:
            continue
        for line in calibration_lines(calibration):
            echo(line)
        known = passed_before(cases, calibration.judge)
        if known:
            echo(f"note: {known} of the clean ones were kept because this model passed them: its true")
            echo("      false alarms are more frequent than those above")
    for row in (row for rows in measured for row in rows if row["verdict"] == "none"):
        echo(f"no verdict, for example: {row['evidence'][:200]}")
        break
