"""A policy that stays open between questions of different steps: loading a model can take minutes.

Does not belong here: how a policy is opened (`serving`), when a model is done with (`rounds/site`).
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from gem_assets.itool.search.policy import Policy

Opening = Callable[[Path], AbstractContextManager[Policy]]


class HeldPolicy:
    """Opens policies, one at a time: the last one stays open until another model is asked for, or `close`."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._open = ExitStack()
        self._held: tuple[Path, Policy] | None = None

    @contextmanager
    def policy(self, model: Path) -> Generator[Policy]:
        """Give the policy of a model; after an error it is closed, as nobody knows what state it is in."""
        if self._held is None or self._held[0] != model:
            self.close()
            self._held = (model, self._open.enter_context(self._opening(model)))
        try:
            yield self._held[1]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the policy that is open, where one is."""
        self._held = None
        self._open.close()
