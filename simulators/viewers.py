"""People of the town who watch something, and the webhooks that their servers send."""

from datetime import timedelta
from itertools import product
from random import Random
from typing import Final, Literal

import msgspec

from simulators.plex_server.answers import metadata
from simulators.plex_server.library import Item, Session
from simulators.senders import Post, jellyfin_event, jellyfin_post, plex_event, plex_post
from simulators.town import OWNER, Resident, Town

AT_ONCE: Final = 3
_ON_PLEX: Final = 0.7

Server = Literal["plex", "jellyfin"]


class Sent(msgspec.Struct, frozen=True):
    """A webhook to send, with a line that describes it."""

    server: Server
    post: Post
    line: str


class Viewing(msgspec.Struct, frozen=True):
    """Someone watching something; `session` is how the Plex server shows it."""

    who: Resident
    item: Item
    server: Server
    session: Session | None


class Viewers:
    """Everyone watches every title once before anyone watches one again."""

    def __init__(self, town: Town, chance: Random) -> None:
        self._town = town
        self._chance = chance
        self._waiting: list[tuple[Resident, Item]] = []
        self._watching: list[Viewing] = []

    def step(self) -> list[Sent]:
        """Let someone begin and, if enough people are watching, let the one who began first finish."""
        sent = [self._end(self._watching.pop(0))] if len(self._watching) >= AT_ONCE else []
        viewing = self._begin()
        self._watching.append(viewing)
        return [*sent, self._webhook(viewing, "media.play", "PlaybackStart", "begins")]

    def _begin(self) -> Viewing:
        if not self._waiting:
            items = [
                item for item in self._town.plex_server.library.items.values() if item.type in {"movie", "episode"}
            ]
            self._waiting = list(product(self._town.residents.values(), items))
            self._chance.shuffle(self._waiting)
        busy = {viewing.who.name for viewing in self._watching}
        who, item = next((pair for pair in self._waiting if pair[0].name not in busy), self._waiting[0])
        self._waiting.remove((who, item))
        if self._chance.random() >= _ON_PLEX or not self._town.sees(who, item.section):
            return Viewing(who, item, "jellyfin", None)
        library = self._town.plex_server.library
        session = library.play(item, account_id=who.plex.id, name=who.name, offset=timedelta(minutes=1))
        return Viewing(who, item, "plex", session)

    def _end(self, viewing: Viewing) -> Sent:
        if viewing.session is not None:
            self._town.plex_server.library.sessions.remove(viewing.session)
        return self._webhook(viewing, "media.scrobble", "PlaybackStop", "has watched")

    def _webhook(self, viewing: Viewing, on_plex: str, on_jellyfin: str, verb: str) -> Sent:
        who, town = viewing.who, self._town
        about = metadata(town.plex_server.library, viewing.item, with_guids=True)
        about.setdefault("Guid", [])
        line = f"{who.name} {verb} {_title(about)} on {viewing.server}"
        if viewing.server == "plex":
            payload = plex_event(
                on_plex,
                about,
                account_id=who.plex.id,
                name=who.name,
                is_owner=who.name == OWNER,
                server=town.device.machine_id,
            )
            return Sent("plex", plex_post(payload, with_picture=on_plex == "media.play"), line)
        user = town.jellyfin.household.by_name(who.name)
        assert user is not None
        payload = jellyfin_event(
            on_jellyfin,
            about,
            user_id=user.id,
            name=who.name,
            server=town.jellyfin.server_id,
            server_name=town.jellyfin.name,
        )
        return Sent("jellyfin", jellyfin_post(payload), line)


def _title(about: dict[str, str]) -> str:
    show = about.get("grandparentTitle")
    return f"{show} {about['parentIndex']}x{about['index']}" if show else about["title"]
