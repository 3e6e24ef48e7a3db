"""The event loop that the gateway has: its connections behave otherwise than asyncio's own."""

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, object]:
    return {"uvloop": uvloop.new_event_loop}
