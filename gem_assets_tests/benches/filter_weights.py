"""Fit the weights of the baseline generator's filter to labelled texts, and say how well it does on others.

    python -m gem_assets_tests.benches.filter_weights [--corpus DOCS.jsonl] [--write]

Texts: a labelled JSON Lines file (default: the development corpus beside the checkout) and the sample corpus.
Model: logistic regression on `signals.py`, a penalty on large weights, and signs held: what speaks for a
procedure never gets a negative weight, what speaks against one never a positive. Every source counts with the
square root of its size, so that the largest does not decide alone. Printed beside the fit is leave one source
out: each source judged by weights that were fitted without it. `--write` writes the weights into the package.
"""

import argparse
import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gem_assets.corpus.normalising import normalise
from gem_assets.offline.text.signals import FOR, SIGNALS, read_signals

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ROOT.parent / "shared" / "corpora" / "dev" / "docs.jsonl"
SAMPLES = ROOT / "gem_assets" / "sample_corpus"
SAMPLE_LABELS = ROOT / "gem_assets_tests" / "data" / "sample_corpus_labels.csv"
WEIGHTS = ROOT / "gem_assets" / "offline" / "data" / "procedure_weights.toml"
PENALTY = 10.0
"""Of the penalties 1, 3, 10 and 30 the one with fewest errors when each source is left out; 30 is as good."""
ROUNDS = 3000
FEWEST = 3
"""Procedures (or others) in a source below which its recall (or its false alarms) says nothing."""


@dataclass(frozen=True)
class Text:
    """A labelled text."""

    source: str
    name: str
    label: bool
    signals: tuple[float, ...]


def read_development(path: Path) -> Iterator[Text]:
    """Read the English rows with a label; the changelogs, one per package, are one source."""
    for line in path.read_text("utf-8").split("\n"):
        row = json.loads(line) if line else {}
        if row.get("language") == "en" and row["label_multi_step"] is not None:
            source = "changelogs" if "changelog" in row["source"] else row["source"]
            yield _text(source, row["doc_id"], row["label_multi_step"], row["text"], row["title"])


def read_samples() -> Iterator[Text]:
    """Read the English texts of the bundled corpus."""
    for row in csv.DictReader(SAMPLE_LABELS.read_text("utf-8").splitlines()):
        if row["language"] == "en":
            text = (SAMPLES / row["file"]).read_text("utf-8")
            yield _text("sample corpus", row["file"], row["multi_step"] == "true", text, None)


def _text(source: str, name: str, label: bool, text: str, title: str | None) -> Text:
    signals = read_signals(normalise(text), normalise(title or "") or None)
    return Text(source, name, label, tuple(signals[signal] for signal in SIGNALS))


def fit(texts: Sequence[Text], penalty: float) -> tuple[np.ndarray, float]:
    """Fit weights and bias by accelerated projected gradient; deterministic."""
    sizes = Counter(text.source for text in texts)
    share = np.array([sizes[text.source] ** -0.5 for text in texts])
    share *= len(texts) / share.sum()
    values = np.array([text.signals for text in texts])
    labels = np.array([float(text.label) for text in texts])
    mean = np.average(values, axis=0, weights=share)
    spread = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=share)) + 1e-6
    rows = np.c_[(values - mean) / spread, np.ones(len(texts))]
    signs = np.array([1.0 if name in FOR else -1.0 for name in SIGNALS])
    found = _descend(rows, labels, share, signs, penalty)
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ mean)


def _descend(
    rows: np.ndarray, labels: np.ndarray, share: np.ndarray, signs: np.ndarray, penalty: float
) -> np.ndarray:
    step = 1.0 / (np.linalg.eigvalsh((rows * share[:, None]).T @ rows)[-1] / 4 + penalty)
    found = ahead = np.zeros(rows.shape[1])
    pace = 1.0
    for _ in range(ROUNDS):
        odds = 1.0 / (1.0 + np.exp(-np.clip(rows @ ahead, -30, 30)))
        slope = rows.T @ (share * (odds - labels))
        slope[:-1] += penalty * ahead[:-1]
        moved = ahead - step * slope
        moved[:-1] = np.where(moved[:-1] * signs < 0, 0.0, moved[:-1])
        faster = (1.0 + (1.0 + 4.0 * pace * pace) ** 0.5) / 2.0
        ahead, found, pace = moved + (pace - 1.0) / faster * (moved - found), moved, faster
    return found


def judge(texts: Sequence[Text], weights: np.ndarray, bias: float) -> list[bool]:
    """Say of each text whether it is taken for a procedure."""
    return [bool(np.dot(text.signals, weights) + bias > 0) for text in texts]


def leave_one_source_out(texts: Sequence[Text], penalty: float) -> list[bool]:
    """Judge each source by weights that were fitted without it."""
    verdicts: dict[str, bool] = {}
    for source in dict.fromkeys(text.source for text in texts):
        own = [text for text in texts if text.source == source]
        weights, bias = fit([text for text in texts if text.source != source], penalty)
        verdicts |= dict(zip((text.name for text in own), judge(own, weights, bias), strict=True))
    return [verdicts[text.name] for text in texts]


def report(title: str, texts: Sequence[Text], verdicts: Sequence[bool]) -> Iterator[str]:
    """Print pooled and per-source figures; a mean over sources takes those with enough of a kind."""
    cells: dict[str, Counter[str]] = defaultdict(Counter)
    for text, verdict in zip(texts, verdicts, strict=True):
        cells[text.source][("t" if verdict == text.label else "f") + ("p" if verdict else "n")] += 1
    whole = sum(cells.values(), Counter[str]())
    with_true = [cell for cell in cells.values() if cell["tp"] + cell["fn"] >= FEWEST]
    with_false = [cell for cell in cells.values() if cell["fp"] + cell["tn"] >= FEWEST]
    yield f"{title}: precision {_precision(whole):.1%}, recall {_recall(whole):.1%} of {len(texts)} texts"
    yield (
        f"  mean of {len(with_true)} sources with {FEWEST}+ procedures: precision "
        f"{np.mean([_precision(cell) for cell in with_true]):.1%}, recall "
        f"{np.mean([_recall(cell) for cell in with_true]):.1%}"
    )
    alarms = [cell["fp"] / (cell["fp"] + cell["tn"]) for cell in with_false]
    yield f"  mean of {len(with_false)} sources with {FEWEST}+ others: false alarms {np.mean(alarms):.1%}"
    for source, cell in sorted(cells.items(), key=lambda pair: -pair[1].total()):
        yield f"    {source[:44]:44} " + " ".join(
            f"{kind} {cell[kind]:3}" for kind in ("tp", "fp", "fn", "tn")
        )


def _precision(cell: Counter[str]) -> float:
    return cell["tp"] / max(1, cell["tp"] + cell["fp"])


def _recall(cell: Counter[str]) -> float:
    return cell["tp"] / max(1, cell["tp"] + cell["fn"])


def write(weights: np.ndarray, bias: float, note: Sequence[str]) -> None:
    """Write the data file of the filter; weights of nothing are left out."""
    lines = [
        "# How much each signal of text/signals.py counts, in log odds; written by",
        "# gem_assets_tests/benches/filter_weights.py. What it reached on sources it was not fitted to:",
        *(f"# {line.strip()}" for line in note),
        f"bias = {bias:.3f}",
        "",
        "[weights]",
        *(f"{name} = {w:.3f}" for name, w in zip(SIGNALS, weights, strict=True) if abs(w) >= 0.0005),
    ]
    WEIGHTS.write_text("\n".join(lines) + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, report and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=DEVELOPMENT)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(arguments)
    if not asked.corpus.is_file():
        sys.stderr.write(f"{asked.corpus} is not here: name a labelled file by --corpus\n")
        return 2
    texts = [*read_development(asked.corpus), *read_samples()]
    weights, bias = fit(texts, PENALTY)
    left_out = list(report("leave one source out", texts, leave_one_source_out(texts, PENALTY)))
    fitted = report("fitted to all", texts, judge(texts, weights, bias))
    sys.stdout.write("\n".join([*left_out, *fitted, ""]))
    if asked.write:
        write(weights, bias, left_out[:3])
    return 0


if __name__ == "__main__":
    sys.exit(main())
