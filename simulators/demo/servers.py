"""Adds the town's servers that have no settings to Usher, as a person would."""

import sys

import httpx

from simulators.town import Town


async def add_servers(url: str, key: str, town: Town, urls: dict[str, str]) -> None:
    """Add Jellyfin and Emby; if Usher refuses one, print why and go on without it."""
    servers = [
        {"name": town.jellyfin.name, "type": "jellyfin", "url": urls["jellyfin"], "token": town.jellyfin_key},
        {"name": town.emby.name, "type": "emby", "url": urls["emby"], "token": town.emby_key},
    ]
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        for server in servers:
            answer = await http.post(f"{url}/api/mediaservers", json=server, headers={"X-API-Key": key})
            if not answer.is_success:
                sys.stdout.write(f"  {server['name']} was not added: {answer.text}\n")
