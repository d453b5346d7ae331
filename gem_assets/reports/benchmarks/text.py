"""Scores on the benchmarks as text for a terminal and as markdown.

Does not belong here: reading (`scores.py`), the page (`yields/page.py`).
"""

from collections.abc import Iterator, Mapping

from gem_assets.display import figures
from gem_assets.display.visible import plain
from gem_assets.reports.benchmarks.scores import BFCL_COLUMNS, TAU2_COLUMNS, Benchmarks, Cell, Line

TITLES = {"bfcl": "BFCL V3 multi-turn", "tau2": "tau2-bench"}
OTHER_VERSION = "#"
_COLUMNS = {"bfcl": BFCL_COLUMNS, "tau2": TAU2_COLUMNS}


def render_benchmarks(found: Benchmarks) -> str:
    """Write what our models scored beside the paper's, as lines of text."""
    if not found.scores:
        return "no model was evaluated yet"
    lines: list[str] = []
    for benchmark, columns in _COLUMNS.items():
        systems = found.lines(benchmark)
        if any(line.kind == "ours" for line in systems):
            lines += ["", *_told(TITLES[benchmark], columns, systems)]
    return "\n".join([*lines, "", *_notes(found)])


def markdown_benchmarks(found: Benchmarks) -> str:
    """Write the same as markdown tables."""
    if not found.scores:
        return "No model was evaluated yet: `gem evaluate bfcl --model …`"
    tables: list[str] = []
    for benchmark, columns in _COLUMNS.items():
        systems = found.lines(benchmark)
        if not any(line.kind == "ours" for line in systems):
            continue
        rows = [[_name(line), *_cells(line, columns)] for line in systems]
        header = [TITLES[benchmark], *columns.values()]
        tables.append("\n".join(_row(row) for row in (header, ["---", *["---:"] * len(columns)], *rows)))
    return "\n\n".join([*tables, *(f"- {note}" for note in _notes(found))])


def score_told(cell: Cell | None) -> str:
    """Write a share as percent with its interval; * marks a trial, # another version than the paper's."""
    if cell is None:
        return figures.NONE
    return " ".join(filter(None, (value_told(cell), interval_told(cell))))


def value_told(cell: Cell) -> str:
    """Write a share as percent with its marks."""
    return f"{100 * cell.value:.2f}{'' if cell.whole else '*'}{'' if cell.comparable else OTHER_VERSION}"


def interval_told(cell: Cell) -> str:
    """Write its interval; nothing where it has none."""
    if cell.low is None or cell.high is None:
        return ""
    return f"[{100 * cell.low:.1f}, {100 * cell.high:.1f}]"


def p_told(p_value: float) -> str:
    """Write a p value; a very small one as a bound."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _told(title: str, columns: Mapping[str, str], systems: list[Line]) -> Iterator[str]:
    width = min(44, max(len(title), *(len(_name(line)) for line in systems)))
    yield f"{title:<{width}}  " + "  ".join(f"{name:>20}" for name in columns.values())
    for line in systems:
        yield f"{_name(line)[:width]:<{width}}  " + "  ".join(f"{cell:>20}" for cell in _cells(line, columns))


def _notes(found: Benchmarks) -> Iterator[str]:
    if not all(score.is_whole for score in found.scores):
        yield "* a trial over some entries: not to be compared"
    for why in dict.fromkeys(score.incomparable for score in found.scores if score.incomparable):
        yield f"{OTHER_VERSION} {why}: not to be compared with its figures"
    for pair in found.pairings:
        value, low, high = (
            100 * share for share in (pair.difference.value, pair.difference.low, pair.difference.high)
        )
        where = f"the same entries of {pair.benchmark} {pair.part}"
        changed = f"{pair.gained} gained, {pair.lost} lost, p {p_told(pair.p_value)}"
        yield plain(
            f"{pair.newer} against {pair.older} on {where}: {value:+.1f} [{low:+.1f}, {high:+.1f}], {changed}"
        )
    for model in found.models:
        for one in found.circumstances(model):
            trust = f"oracle {figures.share(one.oracle)}, doing nothing {figures.share(one.floor)}"
            yield plain(
                f"{model} {one.part}: {one.mode}, thinking {one.thinking}, {one.harness}, {trust}; "
                f"training data {one.decontamination}"
            )


def _cells(line: Line, columns: Mapping[str, str]) -> list[str]:
    told = score_told if line.kind == "ours" else _value
    return [told(line.cells.get(column)) for column in columns]


def _name(line: Line) -> str:
    return (
        line.system
        if line.kind == "ours"
        else " ".join(filter(None, (line.size, line.system, f"({line.kind})")))
    )


def _value(cell: Cell | None) -> str:
    return figures.NONE if cell is None else f"{100 * cell.value:.2f}"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(plain(cell).replace("|", "/") for cell in cells) + " |"
