"""Messages as the last version wrote them, byte for byte: nothing here is made by today's types.

A `$name` stands for a value that differs from run to run: times, Discord ids, sealed tokens, Seerr's user ids.
"""

from typing import Final

import msgspec


class Stored(msgspec.Struct, frozen=True):
    """A message by its id, its subject and its JSON."""

    id: str
    subject: str
    json: str


class Retry(msgspec.Struct, frozen=True):
    """A message that waits in the table `retries` of a service's schema for its consumer."""

    service: str
    consumer: str
    message: Stored


TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

PLEX: Final = (
    '{"event":"media.scrobble","user":false,"owner":true,"Account":{"id":5001,"title":"anna"},'
    '"Server":{"title":"Attic","uuid":"$attic"},"Metadata":{"librarySectionType":"movie","ratingKey":"%(key)s",'
    '"guid":"plex://movie/%(key)s","type":"movie","title":"%(title)s","year":1999,"duration":6000000}}'
)
JELLYFIN: Final = (
    '{"ServerId":"$cellar","NotificationType":"PlaybackStop","Name":"%(title)s","ItemId":"%(key)s","ItemType":"Movie",'
    '"Year":1998,"PlayedToCompletion":true,"NotificationUsername":"anna","UserId":"5001"}'
)
EMBY: Final = (
    '{"Event":"item.markplayed","User":{"Name":"anna","Id":"5001"},"Server":{"Id":"shed"},'
    '"Item":{"Name":"%(title)s","Id":"%(key)s","Type":"Movie","ProductionYear":1997}}'
)
TAUTULLI: Final = (
    '{"event":"watched","media_type":"movie","title":"%(title)s","year":"1996","rating_key":"%(key)s",'
    '"user_id":"5001","username":"anna","server_id":"$attic"}'
)
SEERR: Final = (
    '{"notification_type":"MEDIA_AVAILABLE","subject":"%(title)s","media":{"media_type":"movie","tmdbId":"%(key)s"}}'
)
_EVENTS: Final = {
    "plex": ("media.scrobble", PLEX),
    "jellyfin": ("PlaybackStop", JELLYFIN),
    "emby": ("item.markplayed", EMBY),
    "tautulli": ("watched", TAUTULLI),
    "seerr": ("MEDIA_AVAILABLE", SEERR),
}


def sent(source: str, title: str) -> str:
    """What a server sends of a title."""
    return _EVENTS[source][1] % {"title": title, "key": str(sum(title.encode()) * 1000 + len(title))}


def webhook(webhook_id: str, title: str, *, source: str = "plex", attempt: int = 0) -> Stored:
    """A webhook as it lay in the stream, in the spool, and in `retries`."""
    event = _EVENTS[source][0]
    json = (
        f'{{"id":"{webhook_id}","source":"{source}","event":"{event}","received_at":"$earlier",'
        f'"payload":{sent(source, title)},"server":null,"attempt":{attempt}}}'
    )
    message_id = f"{webhook_id}:{attempt}" if attempt else webhook_id
    return Stored(message_id, f"webhooks.{source}.{event}", json)


def interaction(name: str, service: str, command: str, *, data: str, kind: int = 2) -> Stored:
    """What someone did in Discord, by the name under which `$i_…`, `$u_…` and `$p_…` say id, user and token."""
    message = ',"message":{"id":"1460000000000000001"}' if kind == 3 else ""
    json = (
        f'{{"id":"$i_{name}","received_at":"$earlier","payload":{{"id":"$i_{name}","application_id":"$application",'
        f'"type":{kind},"token":"","version":1,"channel_id":"9001","locale":"en-US","data":{data},'
        f'"user":{{"id":"$u_{name}","username":"{name}"}}{message}}},"token":$p_{name},"is_ephemeral":true,'
        f'"is_admin":false}}'
    )
    return Stored(f"$i_{name}", f"interactions.{service}.{command}", json)


def command(name: str, service: str, called: str) -> Stored:
    """A command that someone used."""
    return interaction(name, service, called, data=f'{{"id":"1460000000000000002","name":"{called}","type":1}}')


def said(text: str) -> str:
    """A message to show in Discord."""
    return f'{{"content":"{text}","embeds":[],"components":[],"allowed_mentions":{{"parse":[],"users":[]}}}}'


def reply(name: str, service: str, text: str, *, interaction_id: str = "") -> Stored:
    """A reply that replaces a deferred one."""
    json = (
        f'{{"interaction_id":"{interaction_id or f"$i_{name}"}","user_id":"$u_{name}","token":$p_{name},'
        f'"message":{said(text)},"keeps_promise":true,"may_lapse":false}}'
    )
    return Stored(f"reply-{name}", f"jobs.{service}.reply", json)


def letter(name: str, text: str) -> Stored:
    """A direct message to send."""
    json = f'{{"user_id":"$u_{name}","cause":"cause-{name}","message":{said(text)}}}'
    return Stored(f"letter-{name}", "jobs.linker.write", json)


def match(person: str) -> Stored:
    """The job that finds a person's user in Seerr."""
    return Stored(f"match-{person}", "jobs.seerr.match_user", f'{{"person_id":"{person}"}}')


def dead(number: str, service: str, consumer: str, message: Stored) -> Stored:
    """A dead letter as it lay in the stream and in the gateway's table."""
    json = (
        f'{{"id":"{number}","service":"{service}","consumer":"{consumer}","subject":"{message.subject}",'
        f'"message_id":"{message.id}","reason":"failed 3 times: KeyError: 1","attempts":3,"dropped_at":"$earlier",'
        f'"payload":{message.json},"is_base64":false,"headers":{{"traceparent":"{TRACE}"}}}}'
    )
    return Stored(f"burial-{number}", f"dead.{consumer.replace('-', '.', 1)}", json)


def replay(letter: Stored, service: str) -> Stored:
    """The job that gives a dead letter back to its consumer."""
    number = letter.id.removeprefix("burial-")
    return Stored(f"{number}:replay:1", f"jobs.{service}.replay", f'{{"letter":{letter.json}}}')


def fact(kind: str, name: str, fields: str) -> Stored:
    """An event."""
    fact_id = f"{kind}-{name}"
    return Stored(fact_id, f"events.{kind}", f'{{"type":"{kind}","id":"{fact_id}","occurred_at":"$earlier",{fields}}}')


def outcome(webhook_id: str, kind: str, why: str) -> Stored:
    """The event about a webhook's outcome: `effect` for a handled one, `reason` for an ignored one."""
    return fact(kind, webhook_id, f'"webhook_id":"{webhook_id}","source":"plex","attempt":0,{why}')


def play(play_id: str, account: str, *, server: str = "$attic") -> Stored:
    """A play that the syncer recorded on an account that belongs to nobody."""
    whose = f'{{"source":"plex","server":"{server}","id":"{account}","name":"plex {account}","is_owner":false}}'
    title = (
        '{"type":"movie","title":"Ran","show":null,"season":null,"episode":null,"episode_end":null,"year":1985,'
        '"ids":{"tmdb":["11645"]},"show_ids":{},"item":"7","duration_s":9600}'
    )
    fields = f'"play_id":"{play_id}","account":{whose},"title":{title},"watched_at":"$earlier","person_id":null'
    return fact("play.recorded", play_id, fields)


def claimed(account: str, person: str, name: str) -> Stored:
    """An account that now belongs to a person."""
    whose = f'{{"source":"plex","server":"$attic","id":"{account}","name":"plex {account}","is_owner":false}}'
    return fact("account.claimed", account, f'"account":{whose},"person_id":"{person}","person_name":"{name}"')


def linked(person: str, name: str, account: str, *, discord_id: str = "null") -> Stored:
    """An account that a person has proven."""
    fields = (
        f'"person_id":"{person}","person_name":"{name}","provider":"plex","account_id":"{account}","username":"{name}",'
        f'"server":"","email":"{name}@example.com","discord_id":{discord_id}'
    )
    return fact("account.linked", person, fields)
