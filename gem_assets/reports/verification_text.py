"""What `gem verify FILE` prints: statistics in the paper's counting, findings by reason, findings one by one.

Does not belong here: the verifying (`verification/verify_file`).
"""

from collections.abc import Iterator, Sequence

from gem_assets.verification.foreign.verify_file import FileSummary, Spread, Verified


def verification_text(verified: Sequence[Verified], summary: FileSummary, limit: int = 50) -> str:
    """Write the report; at most `limit` findings are shown one by one, errors first."""
    return "\n".join([*_numbers(summary), *_reasons(summary), *_findings(verified, limit)])


def _numbers(summary: FileSummary) -> Iterator[str]:
    kept = summary.trajectories - summary.rejected
    yield f"{summary.trajectories} trajectories: {kept} pass, {summary.rejected} have an error"
    yield ""
    yield f"{'':24}{'mean':>8}{'median':>8}{'min':>6}{'max':>6}"
    for name, spread in (
        ("messages (no system)", summary.messages),
        ("distinct tools called", summary.tools),
        ("tool calls", summary.calls),
    ):
        if spread:
            yield _spread_line(name, spread)
    if summary.patterns:
        yield ""
        yield "interaction patterns: " + ", ".join(f"{name} {count}" for name, count in summary.patterns)
    if summary.grounded_share is not None:
        yield f"argument values with a known source: {summary.grounded_share:.1%}"
    if summary.sourced_share is not None:
        yield f"rules of the system message that stand in the source: {summary.sourced_share:.1%}"
    if summary.not_run:
        yield "not run, as no source or no declaration is given: " + ", ".join(
            f"{check} ({count})" for check, count in summary.not_run
        )


def _spread_line(name: str, spread: Spread) -> str:
    return f"{name:24}{spread.mean:8.2f}{spread.median:8.1f}{spread.least:6}{spread.most:6}"


def _reasons(summary: FileSummary) -> Iterator[str]:
    if not summary.reasons:
        yield ""
        yield "no findings"
        return
    yield ""
    yield f"{'reason':36}{'level':12}{'findings':>9}{'trajectories':>14}"
    for reason, level, count, places in summary.reasons:
        yield f"{reason:36}{level:12}{count:9}{places:14}"


def _findings(verified: Sequence[Verified], limit: int) -> Iterator[str]:
    rows = [
        (finding.level != "error", one.place, finding.reason, finding.level, finding.evidence)
        for one in verified
        for finding in one.findings
    ]
    rows.sort(key=lambda row: row[0])
    if rows:
        yield ""
    for _, place, reason, level, evidence in rows[:limit]:
        yield f"{place}: {reason} ({level}): {_printable(evidence)}"
    if len(rows) > limit:
        yield f"and {len(rows) - limit} more (--limit shows more)"


def _printable(text: str) -> str:
    """Leave out control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
