"""The bodies of a Plex server's answers."""

from typing import Any

from simulators.plex_server.library import Item, Library, Section, Session


def section(each: Section) -> dict[str, Any]:
    """Return a library."""
    agent = "tv.plex.agents.movie" if each.type == "movie" else "tv.plex.agents.series"
    return {
        "allowSync": True,
        "art": f"/:/resources/{each.type}-fanart.jpg",
        "composite": f"/library/sections/{each.key}/composite/1700000000",
        "filters": True,
        "refreshing": False,
        "thumb": f"/:/resources/{each.type}.png",
        "key": each.key,
        "type": each.type,
        "title": each.title,
        "agent": agent,
        "scanner": "Plex Movie" if each.type == "movie" else "Plex TV Series",
        "language": "en-US",
        "uuid": each.uuid,
        "updatedAt": 1_700_000_000,
        "createdAt": 1_600_000_000,
        "scannedAt": 1_700_000_000,
        "content": True,
        "directory": True,
        "contentChangedAt": 41_632_394,
        "hidden": 0,
        "Location": [{"id": int(each.key), "path": f"/media/{each.title}"}],
    }


def metadata(library: Library, item: Item, *, with_guids: bool) -> dict[str, Any]:
    """Return an item, with its ids in other catalogues if asked for."""
    parent = library.items.get(item.parent or "")
    grandparent = None if parent is None else library.items.get(parent.parent or "")
    holder = library.sections[item.section]
    return {
        "ratingKey": item.rating_key,
        "key": f"/library/metadata/{item.rating_key}{'/children' if item.type in {'show', 'season'} else ''}",
        "guid": item.guid,
        "type": item.type,
        "title": item.title,
        "librarySectionTitle": holder.title,
        "librarySectionID": int(holder.key),
        "librarySectionKey": f"/library/sections/{holder.key}",
        "summary": item.summary,
        **({} if item.year is None else {"year": item.year}),
        **({} if item.index is None else {"index": item.index}),
        **_ancestor("parent", parent),
        **_ancestor("grandparent", grandparent),
        "thumb": f"/library/metadata/{item.rating_key}/thumb/1700000000",
        "art": f"/library/metadata/{item.rating_key}/art/1700000000",
        "duration": int(item.duration.total_seconds() * 1000),
        "addedAt": int(item.added_at.timestamp()),
        "updatedAt": int(item.added_at.timestamp()),
        **({"Guid": [{"id": each} for each in item.ids]} if with_guids and item.ids else {}),
    }


def _ancestor(word: str, item: Item | None) -> dict[str, Any]:
    if item is None:
        return {}
    named = {
        f"{word}RatingKey": item.rating_key,
        f"{word}Key": f"/library/metadata/{item.rating_key}",
        f"{word}Guid": item.guid,
        f"{word}Title": item.title,
    }
    return named if item.index is None else {**named, f"{word}Index": item.index}


def playing(library: Library, session: Session) -> dict[str, Any]:
    """Return what someone is watching now."""
    shown = metadata(library, library.items[session.item], with_guids=False)
    return {
        **shown,
        "sessionKey": session.key,
        "viewOffset": int(session.offset.total_seconds() * 1000),
        "User": {
            "id": str(session.account_id),
            "thumb": f"https://plex.tv/users/{session.account_id:016x}/avatar",
            "title": session.account_name,
        },
        "Player": {
            "address": "192.168.1.20",
            "device": "TV",
            "machineIdentifier": f"player-{session.account_id}",
            "model": "",
            "platform": "webOS",
            "platformVersion": "6",
            "product": "Plex for LG",
            "profile": "webOS",
            "state": session.state,
            "title": "TV",
            "version": "5.50",
            "local": True,
            "relayed": False,
            "secure": True,
            "userID": session.account_id,
        },
        "Session": {"id": f"s{session.key}", "bandwidth": 8000, "location": "lan"},
    }


def hub(library: Library, kind: str, found: list[Item], *, limit: int) -> dict[str, Any]:
    """Return a group of search results."""
    shown = [metadata(library, item, with_guids=False) for item in found[:limit]]
    return {
        "title": f"{kind.title()}s",
        "type": kind,
        "hubIdentifier": kind,
        "context": f"hub.search.{kind}",
        "size": len(shown),
        "more": len(found) > limit,
        "style": "shelf",
        **({"Metadata": shown} if shown else {}),
    }
