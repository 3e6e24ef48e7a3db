"""The live trickle: sends the webhooks of the town's servers to Usher, a few at once and then one at a time."""

import asyncio
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import httpx

from simulators.viewers import Sent, Viewers

AT_FIRST: Final = 12
"""Steps taken at the start, so that there is something to see."""


async def trickle(viewers: Viewers, url: str, secret: str, *, every: timedelta) -> None:
    """Send for ever, or only the first ones if `every` is zero.

    A webhook that does not arrive is reported and lost, as with real servers.
    """
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        for _ in range(AT_FIRST):
            await _send(http, url, secret, viewers.step(), say=False)
        while every:
            await asyncio.sleep(every.total_seconds())
            await _send(http, url, secret, viewers.step(), say=True)
    await asyncio.Event().wait()


async def _send(http: httpx.AsyncClient, url: str, secret: str, sent: Iterable[Sent], *, say: bool) -> None:
    for each in sent:
        address = f"{url}/webhooks/{each.server}?token={secret}"
        try:
            answer = await http.post(address, content=each.post.body, headers=each.post.headers)
            outcome = "" if answer.is_success else f" (Usher answered {answer.status_code})"
        except httpx.HTTPError:
            outcome = " (Usher did not hear of it)"
        if say or outcome:
            sys.stdout.write(f"  {each.line}{outcome}\n")
            sys.stdout.flush()
