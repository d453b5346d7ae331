"""What a turn is worth: structure against gold, errors the checks find, and the policy's own opinion. 0 to 1.

Does not belong here: comparing (`comparing`), finding faults (`faults`), how a search uses rewards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from gem_assets.itool.turns.comparing import ErrorType, compare
from gem_assets.itool.turns.faults import Situation, find_faults
from gem_assets.itool.turns.reading import Turn, read_turn
from gem_assets.itool.turns.scanner import Syntax
from gem_assets.records.base import Record

Grade = Callable[[str], tuple[float, float, float, float]]
"""Text of a turn -> the policy's probabilities of A, B, C and D for it."""


class RewardSettings(Record):
    """How the parts weigh."""

    grade_values: tuple[float, float, float, float] = (1.0, 0.1, -1.0, -2.0)
    """A excellent, B acceptable, C fair, D poor (arXiv 2501.09766, published code)."""
    grade_weight: float = 0.2
    """Share of the policy's own opinion beside gold. Ours: structure is exact, the opinion is not."""
    grade_weight_without_gold: float = 0.5
    fault_cost: float = 0.25
    """Taken off for each error that gold does not have. Ours."""


@dataclass(frozen=True)
class Reward:
    """What a turn earned and why. `value` and `credit` are 0 to 1; `grade` None where nobody was asked."""

    value: float
    credit: float
    errors: tuple[ErrorType, ...] = ()
    faults: tuple[str, ...] = ()
    grade: float | None = None


UNFINISHED = Reward(0.0, 0.0, ("other",))
"""Of a turn that ran into the limit of tokens."""


@dataclass
class TurnJudge:
    """Rewards finished turns of one situation; the same text is looked at once."""

    situation: Situation
    syntax: Syntax
    gold: Turn | None
    settings: RewardSettings
    grade: Grade | None = None
    _known: dict[str, Reward] = field(default_factory=dict[str, Reward])
    _excused: frozenset[str] | None = None

    def judge(self, text: str) -> Reward:
        """Reward a finished turn."""
        if text not in self._known:
            self._known[text] = self._judge(text)
        return self._known[text]

    def _judge(self, text: str) -> Reward:
        turn = read_turn(text, self.syntax)
        if turn.broken:
            return Reward(0.0, 0.0, ("syntax",))
        faults = tuple(sorted(find_faults(self.situation, turn) - self._gold_faults()))
        compared = compare(turn, self.gold) if self.gold else None
        credit = compared.credit if compared else 1.0
        earned = max(0.0, credit - self.settings.fault_cost * len(faults))
        grade = self._grade_of(text)
        weight = self.settings.grade_weight if compared else self.settings.grade_weight_without_gold
        value = earned if grade is None else (1 - weight) * earned + weight * grade
        return Reward(value, credit, compared.errors if compared else (), faults, grade)

    def _gold_faults(self) -> frozenset[str]:
        """Faults of gold itself: they cannot be held against a turn that does as gold does."""
        if self._excused is None:
            self._excused = find_faults(self.situation, self.gold) if self.gold else frozenset()
        return self._excused

    def _grade_of(self, text: str) -> float | None:
        """The expected value of the policy's grade, moved to 0 to 1."""
        if self.grade is None:
            return None
        values = self.settings.grade_values
        expected = sum(value * share for value, share in zip(values, self.grade(text), strict=True))
        return (expected - min(values)) / (max(values) - min(values))
