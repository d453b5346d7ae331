import asyncio

import pytest

from gem_assets.llm.journal.calls import Asked, Claim, Question
from gem_assets.llm.limits.line import Line
from gem_assets.llm.limits.places import Window
from gem_assets.llm.protocol import StopRunError


class Model:
    """So many places, and who was let in, in which order; `looks` counts how often somebody asked."""

    def __init__(self, places: int, taken: tuple[str, ...] = ()) -> None:
        self.places, self.taken = places, taken
        self.inside: set[str] = set()
        self.let_in: list[str] = []
        self.looks = 0

    async def claim(self, asked):
        self.looks += 1
        await asyncio.sleep(0)
        claims = []
        for key in (each.question.key for each in asked):
            if key in self.taken:
                claims.append(Claim("taken"))
            elif len(self.inside) >= self.places:
                claims.append(Claim("full", Window(self.places, 0)))
            else:
                self.inside.add(key)
                self.let_in.append(key)
                claims.append(Claim("ours", Window(self.places, 0), len(self.inside)))
        return claims


def asked(key: object) -> Asked:
    return Asked(Question(str(key), "t", "filter", "p", "m", None, 0), {})


def test_first_come_first_served_and_never_more_than_there_are_places():
    model, most = Model(5), []

    async def call(line, key):
        assert (await line.enter(asked(key))).state == "ours"
        most.append(len(model.inside))
        await asyncio.sleep(0)
        model.inside.remove(str(key))
        line.leave()

    async def run():
        line = Line(model.claim, 10)
        async with asyncio.timeout(5):  # nobody has to wait for the next look of who waits
            await asyncio.gather(*(call(line, n) for n in range(60)))
        return line.at_hand

    assert asyncio.run(run()) == 0
    assert model.let_in == [str(n) for n in range(60)]
    assert max(most) == 5


def test_one_look_serves_all_who_stand_there():
    model = Model(30)

    async def run():
        line = Line(model.claim, 10)
        await asyncio.gather(*(line.enter(asked(n)) for n in range(30)))
        return line.at_hand

    assert asyncio.run(run()) == 30
    assert model.looks <= 2


def test_a_place_that_another_process_gives_up_is_found():
    model = Model(1)

    async def run():
        line = Line(model.claim, 0.01)
        model.inside.add("of another process")
        waiting = asyncio.create_task(line.enter(asked("a")))
        await asyncio.sleep(0.03)
        assert not waiting.done()
        model.inside.clear()
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(run()).state == "ours"


def test_who_gives_up_waiting_stands_in_nobodys_way():
    model = Model(1)

    async def run():
        line = Line(model.claim, 0.01)
        await line.enter(asked("first"))
        second, third = (asyncio.create_task(line.enter(asked(key))) for key in ("second", "third"))
        await asyncio.sleep(0.02)
        second.cancel()
        model.inside.clear()
        line.leave()
        await asyncio.gather(second, return_exceptions=True)
        model.inside.discard("second")  # as whoever is cancelled has to
        await asyncio.wait_for(third, 5)
        return line.at_hand

    assert asyncio.run(run()) == 1


def test_a_question_that_is_taken_takes_no_place():
    async def run():
        line = Line(Model(1, taken=("a",)).claim, 10)
        return (await line.enter(asked("a"))).state, line.at_hand

    assert asyncio.run(run()) == ("taken", 0)


def test_a_journal_that_cannot_be_used_turns_everybody_away():
    async def claim(_):
        raise StopRunError("the disk is full")

    async def run():
        line = Line(claim, 10)
        return await asyncio.gather(*(line.enter(asked(n)) for n in range(40)), return_exceptions=True)

    outcomes = asyncio.run(run())
    assert len(outcomes) == 40
    with pytest.raises(StopRunError):
        raise outcomes[-1]
