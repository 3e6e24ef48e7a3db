"""Media servers as senders of webhooks: the bytes that real ones send.

For Plex these are multipart bodies (a boundary that begins with 24 dashes, a typed part without a file name, then a
picture), for Jellyfin the text/plain JSON of its official plug-in.
"""

import json
import secrets
from typing import Any, Final

import msgspec

_PICTURE: Final = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 80
"""20 kB that start like a JPEG."""


class Post(msgspec.Struct, frozen=True):
    """A body and its headers."""

    headers: dict[str, str]
    body: bytes


def plex_post(payload: bytes, *, with_picture: bool) -> Post:
    """Return the request that a Plex Media Server sends for a payload."""
    boundary = f"------------------------{secrets.token_hex(8)}"
    name = 'Content-Disposition: form-data; name="payload"'
    parts = [f"--{boundary}\r\n{name}\r\nContent-Type: application/json\r\n\r\n".encode(), payload]
    if with_picture:
        name = 'Content-Disposition: form-data; name="thumb"; filename="thumb.jpg"'
        parts += [f"\r\n--{boundary}\r\n{name}\r\nContent-Type: image/jpeg\r\n\r\n".encode(), _PICTURE]
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    return Post(
        {
            "User-Agent": "PlexMediaServer/1.43.0.10492",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        },
        b"".join(parts),
    )


def jellyfin_post(payload: bytes) -> Post:
    """Return the request that Jellyfin's official plug-in sends for a payload."""
    return Post({"Content-Type": "text/plain; charset=utf-8"}, payload)


def plex_event(
    event: str, metadata: dict[str, Any], *, account_id: int, name: str, is_owner: bool, server: str
) -> bytes:
    """Return the payload of an event on a Plex server, where the owner is account 1."""
    number = 1 if is_owner else account_id
    return _json(
        {
            "event": event,
            "user": is_owner,
            "owner": True,
            "Account": {"id": number, "thumb": f"https://plex.tv/users/{account_id:016x}/avatar", "title": name},
            "Server": {"title": "Attic", "uuid": server},
            "Player": {"local": True, "publicAddress": "203.0.113.7", "title": "TV", "uuid": f"player-{account_id}"},
            "Metadata": {"librarySectionType": "movie" if metadata["type"] == "movie" else "show", **metadata},
        }
    )


def jellyfin_event(
    event: str, metadata: dict[str, Any], *, user_id: str, name: str, server: str, server_name: str
) -> bytes:
    """Return the payload of such an event on a Jellyfin server."""
    is_movie = metadata["type"] == "movie"
    series = {
        "SeriesName": metadata.get("grandparentTitle"),
        "SeriesId": _hexadecimal(metadata.get("grandparentRatingKey", "")),
        "SeasonNumber": metadata.get("parentIndex"),
        "EpisodeNumber": metadata.get("index"),
    }
    ids = {f"Provider_{kind}": value for kind, _, value in (each["id"].partition("://") for each in metadata["Guid"])}
    return _json(
        {
            "ServerId": server,
            "ServerName": server_name,
            "ServerVersion": "10.11.8",
            "NotificationType": event,
            "Name": metadata["title"],
            "ItemId": _hexadecimal(metadata["ratingKey"]),
            "ItemType": "Movie" if is_movie else "Episode",
            "RunTimeTicks": metadata["duration"] * 10_000,
            "Year": metadata.get("year"),
            **({} if is_movie else series),
            **ids,
            "NotificationUsername": name,
            "UserId": user_id,
            **({"PlayedToCompletion": True} if event == "PlaybackStop" else {}),
        }
    )


def plex_scrobble(number: int, *, server: str = "sim-server", account: int = 1) -> bytes:
    """Return the payload of a finished movie, a different one for each number."""
    is_owner = account == 1
    return _json(
        {
            "event": "media.scrobble",
            "user": is_owner,
            "owner": True,
            "Account": {
                "id": account,
                "thumb": f"https://plex.tv/users/{account:016x}/avatar",
                "title": f"user{account}",
            },
            "Server": {"title": "Simulated", "uuid": server},
            "Player": {"local": True, "publicAddress": "203.0.113.7", "title": "TV", "uuid": f"player-{account}"},
            "Metadata": {
                "librarySectionType": "movie",
                "ratingKey": str(100_000 + number),
                "key": f"/library/metadata/{100_000 + number}",
                "guid": f"plex://movie/{number:024x}",
                "Guid": [{"id": f"imdb://tt{7_000_000 + number}"}, {"id": f"tmdb://{500_000 + number}"}],
                "type": "movie",
                "title": f"Simulated movie {number}",
                "summary": "A summary of about the length that real ones have. " * 6,
                "year": 1950 + number % 75,
                "duration": 6_000_000,
                "viewCount": 1,
                "Role": [{"id": role, "tag": f"Actor {role}", "role": f"Part {role}"} for role in range(12)],
            },
        }
    )


def jellyfin_stop(number: int, *, server: str = "sim-jellyfin", user: str = "sim-user") -> bytes:
    """Return the payload of a finished episode, a different one for each number."""
    return _json(
        {
            "ServerId": server,
            "ServerName": "Simulated",
            "ServerVersion": "10.11.8",
            "NotificationType": "PlaybackStop",
            "Name": f"Simulated episode {number}",
            "ItemId": f"{number:032x}",
            "ItemType": "Episode",
            "RunTimeTicks": 14_210_970_000,
            "Year": 2021,
            "SeriesName": f"Simulated show {number // 1000}",
            "SeriesId": f"{number // 1000:032x}",
            "SeasonNumber": 1 + number // 100 % 10,
            "EpisodeNumber": 1 + number % 100,
            "Provider_tvdb": str(8_000_000 + number),
            "PlayedToCompletion": True,
            "NotificationUsername": user,
            "UserId": user,
        }
    )


def _hexadecimal(key: str) -> str:
    return key.rjust(32, "0")


def _json(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()
