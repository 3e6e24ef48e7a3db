"""The spool against its model, a list: in any order of events, nothing is lost, swapped or sent twice."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.gateway.spool.drain import Drain
from services.gateway.spool.quota import Limits
from services.gateway.spool.record import SpoolFullError
from services.gateway.spool.spool import Spool, open_spool
from shared.bus.publishing import Stored
from shared.errors import UnavailableError
from tests.unit.gateway.fakes import Answer, FakePublisher, acknowledge, record, say_nothing

SOURCES = ("plex", "emby", "seerr")
LIMITS = Limits(records=40, share=0.5)


def refuse(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
    future.set_exception(UnavailableError("the stream is full"))


class SpoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp())
        self.life = 0
        self.open = AsyncExitStack()
        self.number = 0
        self.promised: list[str] = []
        self.settled: set[str] = set()
        self.publisher = FakePublisher()
        self.spool = self.started(self.root / "0")

    def started(self, folder: Path) -> Spool:
        context = open_spool(folder, limits=LIMITS, gather=timedelta(0))
        return self.runner.run(self.open.enter_async_context(context))

    @property
    def waiting(self) -> list[str]:
        return [each for each in self.promised if each not in self.settled]

    @rule(sources=st.lists(st.sampled_from(SOURCES), min_size=1, max_size=8))
    def append(self, sources: list[str]) -> None:
        self.runner.run(self.append_all(sources))

    async def append_all(self, sources: list[str]) -> None:
        records = [record(self.number + offset, source=source) for offset, source in enumerate(sources)]
        self.number += len(records)
        results = await asyncio.gather(*(self.spool.append(each) for each in records), return_exceptions=True)
        for each, result in zip(records, results, strict=True):
            assert result is None or isinstance(result, SpoolFullError)
            if result is None:
                self.promised.append(each.message_id)

    @rule(limit=st.sampled_from([1, 3, 200]))
    def drain(self, limit: int) -> None:
        self.drain_with(acknowledge, limit)
        assert len(self.waiting) == self.spool.state().records

    @rule(limit=st.sampled_from([1, 200]), failure=st.sampled_from([refuse, say_nothing]))
    def drain_in_vain(self, limit: int, failure: Answer) -> None:
        waiting = self.waiting
        self.drain_with(failure, limit)
        assert self.waiting == waiting

    @rule(good=st.integers(0, 5), failure=st.sampled_from([refuse, say_nothing]))
    def drain_until_it_fails(self, good: int, failure: Answer) -> None:
        self.drain_with(after(good, failure), 200)

    @rule(good=st.integers(0, 5))
    def drain_until_the_connection_is_lost(self, good: int) -> None:
        def hang_up(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
            acknowledge(future, duplicate)
            self.publisher.is_connected = len(self.publisher.sent) < sent + good

        sent = len(self.publisher.sent)
        self.drain_with(hang_up, 200)
        self.publisher.is_connected = True

    def drain_with(self, answer: Answer, limit: int) -> None:
        self.publisher.answer = answer
        before = len(self.publisher.sent)
        drain = Drain(self.spool, self.publisher, patience=timedelta(milliseconds=1))
        self.runner.run(drain.step(limit))
        sent = self.publisher.sent[before:]
        assert not self.settled & set(sent)
        answers = zip(sent, self.publisher.futures[before:], strict=True)
        self.settled |= {each for each, future in answers if not future.cancelled() and not future.exception()}

    @rule()
    def restart(self) -> None:
        self.runner.run(self.open.aclose())
        self.spool = self.started(self.root / str(self.life))

    @rule()
    def crash(self) -> None:
        """Go on from a copy of what is on the disk now, as after a kill -9."""
        self.life += 1
        copy = self.root / str(self.life)
        shutil.copytree(self.root / str(self.life - 1), copy)
        self.spool = self.started(copy)

    @precondition(lambda self: self.waiting)
    @rule()
    def crash_before_the_removal(self) -> None:
        """JetStream has acknowledged, and the process dies before it has removed what it sent."""
        self.life += 1
        copy = self.root / str(self.life)
        shutil.copytree(self.root / str(self.life - 1), copy)
        self.drain_with(acknowledge, 200)
        self.spool = self.started(copy)
        self.settled -= {kept.record.message_id for kept in self.runner.run(self.spool.oldest(1000)).kept}

    @invariant()
    def nothing_is_lost(self) -> None:
        kept = [kept.record.message_id for kept in self.runner.run(self.spool.oldest(1000)).kept]
        assert kept == self.waiting
        assert set(self.promised) == set(self.publisher.messages) | set(kept)

    @invariant()
    def nothing_is_said_to_be_damaged(self) -> None:
        assert self.spool.damage() == []

    @invariant()
    def order_is_kept(self) -> None:
        for source in SOURCES:
            arrived = [each for each in self.publisher.messages if each.startswith(source)]
            assert arrived == [each for each in self.promised if each in arrived]

    @invariant()
    def it_knows_what_it_holds(self) -> None:
        assert self.spool.state().records == len(self.waiting)
        for source in SOURCES:
            assert self.spool.holds(source) is any(each.startswith(source) for each in self.waiting)

    def teardown(self) -> None:
        self.runner.run(self.open.aclose())
        self.runner.close()
        shutil.rmtree(self.root)


def after(good: int, failure: Answer) -> Callable[[asyncio.Future[Stored], bool], None]:
    count = 0

    def answer(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        nonlocal count
        count += 1
        (acknowledge if count <= good else failure)(future, duplicate)

    return answer


SpoolMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestSpoolStates = SpoolMachine.TestCase
