"""The gateway's tables, as routes get them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from shared.bus.work import Work, Worker
from shared.postgres.pool import Pool


class Database:
    """`pool` is for reading; `change()` opens a transaction, with the messages that leave after its commit."""

    def __init__(self, pool: Pool, worker: Worker) -> None:
        self.pool = pool
        self.change: Callable[[], AbstractAsyncContextManager[Work]] = worker.on_request
