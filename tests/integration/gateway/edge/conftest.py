"""The gateway's event loop, whose connections differ from asyncio's own."""

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, object]:
    return {"uvloop": uvloop.new_event_loop}
