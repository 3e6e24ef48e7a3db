"""The one place that makes HTTP clients: with egress guard, timeouts and limits; the environment is ignored."""

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from shared.http.egress import Egress
from shared.http.network import GuardedBackend, Resolve, resolve
from shared.http.transport import GuardedTransport
from shared.version import product_version

ANSWER_LIMIT: Final = 16 * 1024 * 1024
"""Bytes, unzipped."""

_CONNECTIONS: Final = 200
_TIMEOUT: Final = httpx.Timeout(connect=2, read=10, write=10, pool=2)
_TALKATIVE: Final = ("httpx", "httpcore")


@asynccontextmanager
async def client(
    *,
    egress: Egress | None = None,
    resolve: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
    answer_limit: int = ANSWER_LIMIT,
) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client for all upstreams of a service.

    It follows no redirect, keeps no cookie (one person's session must not speak for the next), uses no proxy and no
    `.netrc`, and connects only where `egress` allows. Timeouts are for a single read or write; `Upstream.call` bounds a
    whole call. An answer over `answer_limit` bytes raises `httpx.DecodingError`.
    """
    for name in _TALKATIVE:  # they log addresses with their query at INFO, and headers at DEBUG
        logging.getLogger(name).setLevel(logging.WARNING)
    transport = GuardedTransport(
        GuardedBackend(egress or Egress(), resolve=resolve),
        tls=tls,
        connections=_CONNECTIONS,
        limit=answer_limit,
    )
    async with httpx.AsyncClient(
        transport=transport,
        timeout=_TIMEOUT,
        headers={"User-Agent": user_agent(), "Accept-Encoding": "gzip"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    ) as opened:
        yield opened


def user_agent() -> str:
    """Return `Usher/<version>`; Cloudflare in front of Trakt refuses calls without such a name."""
    return f"Usher/{product_version()}"
