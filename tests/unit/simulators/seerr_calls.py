"""Calls to the stand-in of Seerr."""

import httpx

from simulators.seerr.app import Seerr


def client(seerr: Seerr, *, user: int | None = None, key: str = "seerr-api-key") -> httpx.AsyncClient:
    headers = {"X-API-Key": key, **({} if user is None else {"X-API-User": str(user)})}
    transport = httpx.ASGITransport(seerr)
    return httpx.AsyncClient(transport=transport, base_url="http://seerr/api/v1", headers=headers)
