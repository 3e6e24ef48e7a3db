"""Holders of one key go one at a time; others do not wait for them."""

import asyncio

import pytest

from shared.errors import ThrottledError
from shared.keyed_lock import KeyedLock


async def test_those_of_a_key_go_one_at_a_time_and_others_at_once() -> None:
    lock, said, may_go, other_ended = KeyedLock(most=10), list[str](), asyncio.Event(), asyncio.Event()

    async def hold(name: str) -> None:
        async with lock.holding("a"):
            said.append(f"{name} begins")
            await may_go.wait()
            said.append(f"{name} ends")

    async def pass_by() -> None:
        async with lock.holding("b"):
            other_ended.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold("first"))
        tasks.create_task(hold("second"))
        tasks.create_task(pass_by())
        await other_ended.wait()
        may_go.set()

    assert said == ["first begins", "first ends", "second begins", "second ends"]


async def test_one_too_many_is_refused_and_makes_no_difference() -> None:
    lock = KeyedLock(most=1)
    async with lock.holding("a"):
        with pytest.raises(ThrottledError):
            async with lock.holding("a"):
                raise AssertionError

    async with lock.holding("a"):
        pass
