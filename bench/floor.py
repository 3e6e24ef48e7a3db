"""The floor of the ingest benchmark: a bare route that reads the body and publishes it with acknowledgement.

It publishes as many bytes as Usher's envelope of the same webhook has, with nats-py's own publish, to a stream of its
own on the same nats-server, under the same server and event loop as the gateway. Run as
`python -m bench.floor PORT NATS_URL BYTES`.
"""

import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import uvicorn
from litestar import Litestar, post
from litestar.params import RawBody


def app(nats_url: str, published_bytes: int) -> Litestar:
    """Return the bare application."""
    counter = itertools.count()

    @asynccontextmanager
    async def connected(app: Litestar) -> AsyncIterator[None]:
        client = await nats.connect(nats_url)
        app.state.stream = client.jetstream()
        await app.state.stream.add_stream(name="FLOOR", subjects=["floor.>"], max_bytes=1024**3)
        yield
        await client.close()

    @post("/floor", status_code=202)
    async def floor(body: RawBody) -> dict[str, str]:
        number = str(next(counter))
        headers = {"Nats-Msg-Id": f"floor-{number}"}
        await application.state.stream.publish("floor.webhook", body[:published_bytes], headers=headers)
        return {"id": number}

    application = Litestar([floor], lifespan=[connected], openapi_config=None, request_max_body_size=4 * 1024 * 1024)
    return application


if __name__ == "__main__":
    uvicorn.run(
        app(sys.argv[2], int(sys.argv[3])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
