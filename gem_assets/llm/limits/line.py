"""The line in which a role's calls wait for places at their model; its head asks for all that may get in.

Places are shared by processes, so somebody has to look whether there are any: one look serves all who stand
there. Does not belong here: how many places there are, and whose they are (`places.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from gem_assets.llm.journal.calls import Asked, Claim
from gem_assets.llm.limits.places import FIRST_PLACES

ClaimAll = Callable[[Sequence[Asked]], Awaitable[list[Claim]]]


@dataclass(eq=False)
class _Standing:
    asked: Asked
    let_in: asyncio.Future[Claim]


class Line:
    """First come, first served. Lives in one event loop."""

    def __init__(self, claim: ClaimAll, poll_seconds: float) -> None:
        self._claim = claim
        self._poll_seconds = poll_seconds
        self._line: dict[_Standing, None] = {}
        self._inside = 0
        self._places = FIRST_PLACES
        self._head: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @property
    def at_hand(self) -> int:
        """The calls of this process that are in flight or would be."""
        return self._inside + len(self._line)

    async def enter(self, asked: Asked) -> Claim:
        """Wait for a place, or for the news that the question is taken.

        Whoever is cancelled here has to release the claim: it may be on its way into the journal.
        """
        standing = _Standing(asked, asyncio.get_running_loop().create_future())
        self._line[standing] = None
        if self._head is None or self._head.done():
            self._head = asyncio.create_task(self._let_in())
        try:
            return await standing.let_in
        except asyncio.CancelledError:
            if not standing.let_in.cancelled() and standing.let_in.result().state == "ours":
                self.leave()  # let in and cancelled in the same moment
            raise
        finally:
            self._line.pop(standing, None)

    def leave(self) -> None:
        """Give the place up."""
        self._inside -= 1
        self._news.set()

    def look_again(self) -> None:
        """There may be more places than a moment ago."""
        self._news.set()

    async def close(self) -> None:
        """Let nobody in any more."""
        if self._head is not None:
            self._head.cancel()
            await asyncio.gather(self._head, return_exceptions=True)

    async def _let_in(self) -> None:
        while waiting := [each for each in self._line if not each.let_in.done()]:
            now = list(islice(waiting, max(1, self._places - self._inside)))
            self._news.clear()  # before looking, so that a place that becomes free meanwhile is not missed
            try:
                claims = await self._claim([each.asked for each in now])
            except Exception as error:
                self._turn_away(error)
                return
            full = False
            for standing, claim in zip(now, claims, strict=True):
                full |= self._answer(standing, claim)
            if full:
                await self._wait_for_news()

    def _answer(self, standing: _Standing, claim: Claim) -> bool:
        """Tell one how it went; True where there was no place."""
        if claim.window is not None:
            self._places = int(claim.window.places)
        if claim.state == "full":
            return True
        self._line.pop(standing, None)
        if not standing.let_in.done():
            self._inside += claim.state == "ours"
            standing.let_in.set_result(claim)
        return False

    def _turn_away(self, error: Exception) -> None:
        for standing in self._line:
            if not standing.let_in.done():
                standing.let_in.set_exception(error)

    async def _wait_for_news(self) -> None:
        """Wait until a call of this process ends, or long enough for one of another to have ended."""
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._news.wait()
        except TimeoutError:
            pass  # a place may be free all the same: another process tells nobody
