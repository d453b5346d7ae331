"""Tell how an ingest goes: a line that rewrites itself on a terminal, a line now and then elsewhere.

Does not belong here: what is done.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from gem_assets.corpus.rows import Refused
from gem_assets.display.figures import things
from gem_assets.display.visible import visible

SHOWN_REFUSALS = 20
_TERMINAL_SECONDS = 0.2
_LINE_SECONDS = 10.0


@dataclass
class KindCount:
    """Rows of all files of one kind."""

    files: int = 0
    rows: int = 0
    accepted: int = 0
    added: int = 0
    """Of those accepted: new, or new versions."""
    changed: int = 0
    """Of those added: new versions of documents that were stored already."""
    rejected: int = 0
    blank: int = 0


@dataclass
class Summary:
    """What became of everything that was named: rows = accepted + rejected + blank."""

    kinds: dict[str, KindCount] = field(default_factory=dict[str, KindCount])
    reasons: Counter[str] = field(default_factory=Counter[str])
    passed_over: int = 0
    shards: list[str] = field(default_factory=list[str])
    seconds: float = 0.0

    @property
    def added(self) -> int:
        """Rows that were not there: new documents, and new versions of stored ones."""
        return self.total.added

    @property
    def changed(self) -> int:
        """Of those added, new versions, which supersede what was stored."""
        return self.total.changed

    @property
    def total(self) -> KindCount:
        """All kinds together."""
        counts = self.kinds.values()
        return KindCount(
            sum(count.files for count in counts),
            sum(count.rows for count in counts),
            sum(count.accepted for count in counts),
            sum(count.added for count in counts),
            sum(count.changed for count in counts),
            sum(count.rejected for count in counts),
            sum(count.blank for count in counts),
        )


class Progress:
    """Says what was refused (the first few) and how far the reading is."""

    def __init__(self, say: Callable[[str], None], *, total_bytes: int | None = None) -> None:
        self._say, self._total = say, total_bytes
        self._terminal = sys.stderr.isatty()
        self._started = self._told = time.monotonic()
        self._refused = self._passed_over = 0
        self._drawn = False

    def refused(self, source: str, refused: Refused) -> None:
        """Name a refusal, while there are few; all of them stand in `ingest_rejections`."""
        counts = refused.counts
        number = self._refused if counts else self._passed_over
        self._refused += counts
        self._passed_over += not counts
        if number < SHOWN_REFUSALS:
            self._clear()
            self._say(describe(source, refused))
        elif number == SHOWN_REFUSALS:
            self._clear()
            self._say(
                f'more were {"refused" if counts else "passed over"}: gem sql --live "FROM ingest_rejections"'
            )

    def tick(self, rows: int, files: int, read_bytes: int) -> None:
        """Tell how far it is, where it is time to."""
        now = time.monotonic()
        if now - self._told < (_TERMINAL_SECONDS if self._terminal else _LINE_SECONDS):
            return
        self._told = now
        rate = rows / max(now - self._started, 0.001)
        share = f"{min(1.0, read_bytes / self._total):4.0%} " if self._total else ""
        line = f"{share}{rows:,} rows, {rate:,.0f} rows/s, {files:,} files, {self._refused:,} refused"
        if self._terminal:
            _draw(line)
            self._drawn = True
        else:
            self._say(line)

    def finish(self) -> None:
        """Leave a clean line."""
        self._clear()

    def _clear(self) -> None:
        if self._drawn:
            _draw("")
            self._drawn = False


def _draw(line: str) -> None:
    """Write a line over the one that stands there."""
    sys.stderr.write(f"\r\x1b[K{line}")
    sys.stderr.flush()


def describe(source: str, refused: Refused) -> str:
    """Tell a refusal in one line; what a file or its name holds cannot act on the terminal."""
    verb = "refused" if refused.counts else "passed over"
    place = f"{source}, {refused.place}" if refused.counts else source
    told = f"{verb} {place}: {refused.reason}: {refused.found}; {refused.remedy}"
    return visible(told)


def summarise(summary: Summary, corpus: str) -> str:
    """Draw the counts per kind of file, the reasons, and what was written."""
    rows = [("kind", "files", "rows", "accepted", "refused", "blank")]
    counted = sorted(summary.kinds.items())
    if len(counted) > 1:
        counted.append(("all", summary.total))
    rows += [
        (visible(kind), *(f"{n:,}" for n in (c.files, c.rows, c.accepted, c.rejected, c.blank)))
        for kind, c in counted
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    lines += [f"  {count:,} {reason}" for reason, count in summary.reasons.most_common()]
    total, shards = summary.total, summary.shards
    rate = total.rows / max(summary.seconds, 0.001)
    lines.append(
        f"{total.accepted:,} rows accepted{_standing(total)}, "
        f"{total.rejected:,} refused, {total.blank:,} blank; {len(shards):,} new shards of {corpus}"
        + (f" ({shards[0]} to {shards[-1]})" if shards else "")
        + f"; {rate:,.0f} rows/s"
    )
    return "\n".join(lines)


def _standing(total: KindCount) -> str:
    """Tell new documents, new versions and unchanged ones apart, where not all are new."""
    new, unchanged = total.added - total.changed, total.accepted - total.added
    if not (total.changed or unchanged):
        return ""
    versions = things(total.changed, "new version")
    return f" ({new:,} new, {versions}, {unchanged:,} there already)"
