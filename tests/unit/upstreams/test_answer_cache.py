"""Remembered answers while their renewal takes its time, is given up, or is overtaken by news."""

import asyncio
import gc
import weakref
from datetime import UTC, datetime

import pytest

from shared.errors import NotFoundError, UnavailableError, UsherError
from shared.upstreams.answer_cache import ASKED_AGAIN, KEPT_FOR, AnswerCache
from simulators.determinism import Clock


class Service:
    """Answers with what a test says, once it may."""

    def __init__(self) -> None:
        self.answer = "old"
        self.asked = 0
        self.is_away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.clock = Clock(datetime(2026, 11, 21, 12, tzinfo=UTC))
        self.cache = AnswerCache(self.ask, expiry_of=lambda _answer: None, now=self.clock.now)

    async def ask(self, _question: str) -> str:
        answer, self.asked = self.answer, self.asked + 1
        await self.may_answer.wait()
        if self.is_away:
            raise UnavailableError("the service does not answer")
        return answer


@pytest.fixture
async def service() -> Service:
    service = Service()
    await service.cache.get("who")
    service.clock.advance(KEPT_FOR)
    service.may_answer.clear()
    return service


async def test_a_renewal_under_way_is_forgotten_by_news_that_the_answer_before_it_did_not_concern(
    service: Service,
) -> None:
    service.answer = "gained an account"
    renewing = asyncio.create_task(service.cache.get("who"))
    await asyncio.sleep(0)
    service.answer = "lost it again"
    service.cache.forget(lambda _question, known: known == "gained an account")
    service.may_answer.set()
    await renewing

    assert await service.cache.get("who") == "lost it again"


async def test_what_is_known_is_used_while_it_is_renewed_and_by_those_who_come_after_a_caller_gave_up(
    service: Service,
) -> None:
    renewing = asyncio.create_task(service.cache.get("who"))
    await asyncio.sleep(0)
    assert await service.cache.get("who") == "old"
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)

    assert await service.cache.get("who") == "old"
    assert service.asked == 2

    service.answer = "new"
    service.may_answer.set()
    service.clock.advance(ASKED_AGAIN)
    assert await service.cache.get("who") == "new"


async def test_what_is_known_is_used_though_the_service_goes_away_during_a_renewal(service: Service) -> None:
    renewing = asyncio.create_task(service.cache.get("who"))
    await asyncio.sleep(0)
    service.cache.expire()
    service.is_away = True
    service.may_answer.set()
    await renewing

    assert await service.cache.get("who") == "old"


class Large:
    """Something that the asking function held when it failed."""


async def test_a_remembered_refusal_holds_nothing_of_the_call_that_raised_it() -> None:
    held: list[weakref.ref[Large]] = []

    async def ask(_question: str) -> str:
        large = Large()
        held.append(weakref.ref(large))
        raise NotFoundError("nobody")

    cache = AnswerCache(ask, expiry_of=lambda _answer: None, now=lambda: datetime(2026, 11, 21, tzinfo=UTC))
    with pytest.raises(UsherError):
        await cache.get("who")
    gc.collect()

    with pytest.raises(UsherError, match="nobody"):
        await cache.get("who")
    assert len(held) == 1
    assert held[0]() is None
