"""Several writers' items in one statement."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.gateway.events.batch import Batch
from shared.errors import UnavailableError

AT_ONCE = timedelta(0)


class Table:
    """Stores what it is given; fails as often as told."""

    def __init__(self, *, failures: int = 0) -> None:
        self.statements: list[list[int]] = []
        self._failures = failures

    async def write(self, items: Sequence[int]) -> None:
        await asyncio.sleep(0)
        if self._failures:
            self._failures -= 1
            raise UnavailableError("away")
        self.statements.append(list(items))


async def test_items_of_one_moment_go_in_one_statement() -> None:
    table = Table()
    batch = Batch(table.write, gather=timedelta(milliseconds=5))

    await asyncio.gather(*(batch.add(number) for number in range(10)))

    assert table.statements == [list(range(10))]


async def test_there_are_at_most_so_many_in_one() -> None:
    table = Table()
    batch = Batch(table.write, gather=AT_ONCE, most=4)

    await asyncio.gather(*(batch.add(number) for number in range(10)))

    assert [len(statement) for statement in table.statements] == [4, 4, 2]


async def test_what_comes_during_a_statement_goes_with_the_next() -> None:
    table = Table()
    batch = Batch(table.write, gather=AT_ONCE)
    first = asyncio.create_task(batch.add(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.gather(first, batch.add(2), batch.add(3))

    assert sorted(item for statement in table.statements for item in statement) == [1, 2, 3]


async def test_nobody_returns_before_their_item_is_written() -> None:
    table = Table()
    batch = Batch(table.write, gather=AT_ONCE, most=1)

    async def add(number: int) -> bool:
        await batch.add(number)
        return [number] in table.statements

    assert all(await asyncio.gather(*(add(number) for number in range(20))))


async def test_a_failure_is_raised_to_one_and_the_others_try_again() -> None:
    table = Table(failures=1)
    batch = Batch(table.write, gather=AT_ONCE)

    results = await asyncio.gather(*(batch.add(number) for number in range(3)), return_exceptions=True)

    assert [type(result) for result in results] == [UnavailableError, type(None), type(None)]
    assert table.statements == [[1, 2]]


async def test_an_item_whose_writer_gave_up_waiting_is_written_no_more() -> None:
    table = Table()
    batch = Batch(table.write, gather=timedelta(seconds=5))
    impatient = asyncio.create_task(batch.add(1))
    await asyncio.sleep(0)

    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient

    assert table.statements == []


async def test_equal_items_are_two() -> None:
    table = Table()
    batch = Batch(table.write, gather=AT_ONCE)

    await asyncio.gather(batch.add(7), batch.add(7))

    assert table.statements == [[7, 7]]
