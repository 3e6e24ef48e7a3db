"""The unfinished work in the folder, by place: in streams, in `retries`, in `outbox`, in the spool."""

from typing import Final

from tests.e2e.upgrade.messages import (
    Retry,
    Stored,
    claimed,
    command,
    dead,
    fact,
    interaction,
    letter,
    linked,
    match,
    outcome,
    play,
    replay,
    reply,
    webhook,
)

DEAD_WEBHOOK: Final = dead("d-webhook", "syncer", "syncer-webhooks", webhook("w-dead", "Dead and replayed"))
"""Already in the gateway's table."""
BROKEN: Final = Stored(
    "burial-d-broken",
    "dead.linker.plays",
    '{"id":"d-broken","service":"linker","consumer":"linker-plays","subject":"events.play.recorded",'
    '"message_id":"broken","reason":"JSON is malformed","attempts":1,"dropped_at":"$earlier","payload":"bm8gSlNPTg==",'
    '"is_base64":true,"headers":{}}',
)
DEAD: Final = (
    dead("d-match", "linker", "linker-seerr", match("p-hugo")),
    dead("d-letter", "linker", "linker-jobs", letter("mona", "a letter that was dead")),
    dead("d-play", "linker", "linker-plays", play("dead", "6003")),
    dead("d-seerr", "requester", "requester-webhooks", webhook("w-seerr-dead", "Heat (1995)", source="seerr")),
    BROKEN,
)
"""Unknown to the gateway as yet."""
DEAD_RETRIED: Final = dead(
    "d-outcome", "gateway", "gateway-outcomes", outcome("w-outcome-dead", "webhook.handled", '"effect":"once dead"')
)

DONE: Final = (
    webhook("w-handled", "Handled before"),
    letter("ruth", "a letter that was written before"),
    play("before", "6000"),
    command("done", "linker", "help"),
)
"""Acknowledged by every consumer; nothing of them may happen again."""
LOST: Final = (
    ("syncer-webhooks", webhook("w-lost", "Handled, and its acknowledgement was lost")),
    ("linker-links", linked("p-lost", "lost", "5098")),
)
"""Handled according to the inboxes, but not acknowledged."""
DELIVERED: Final = (
    ("syncer-webhooks", webhook("w-delivered", "Delivered and not acknowledged")),
    ("linker-seerr", match("p-gina")),
    ("linker-jobs", letter("nils", "a letter that was delivered")),
    ("linker-interactions", command("delivered", "linker", "whoami")),
    ("linker-plays", play("delivered", "6004")),
)

_LATE: Final = "80351110224678912"
"""An interaction of 2015: its reply cannot be edited any more."""
STREAMED: Final = (
    webhook("w-plex", "Streamed"),
    webhook("w-jellyfin", "Streamed from Jellyfin", source="jellyfin"),
    webhook("w-emby", "Streamed from Emby", source="emby"),
    webhook("w-tautulli", "Streamed from Tautulli", source="tautulli"),
    webhook("w-seerr", "Heat (1995)", source="seerr"),
    command("whoami", "linker", "whoami"),
    command("link", "linker", "link"),
    command("unlink", "linker", "unlink"),
    command("history", "syncer", "history"),
    reply("reply", "linker", "a reply of the linker"),
    reply("syncers", "syncer", "a reply of the syncer"),
    letter("kurt", "a letter that was streamed"),
    Stored(
        "revoke-1",
        "jobs.linker.revoke",
        '{"provider":"jellyfin","server":"$cellar","account_id":"$jellyfin_user","token":$p_revoke}',
    ),
    match("p-anna"),
    Stored("tell-1", "jobs.seerr.tell_user", '{"person_id":"p-emil"}'),
    Stored(
        "take-1",
        "jobs.seerr.take_out",
        '{"person_id":"p-gwen","number":$seerr_gwen,"created_at":"$made_at","discord_ids":["800000000000000020"]}',
    ),
    Stored("sweep-1", "jobs.seerr.sweep", '{"after":"p-y"}'),
    Stored("survey-1", "jobs.seerr.survey", '{"began_at":"$earlier","skip":0}'),
    Stored("forget-1", "jobs.seerr.forget", '{"after":""}'),
    replay(dead("d-1", "linker", "linker-seerr", match("p-ivan")), "linker"),
    replay(dead("d-2", "syncer", "syncer-webhooks", webhook("w-replayed", "Replayed before the stop")), "syncer"),
    replay(
        dead("d-3", "requester", "requester-webhooks", webhook("w-seerr-2", "Heat (1995)", source="seerr")), "requester"
    ),
    replay(
        dead("d-4", "gateway", "gateway-outcomes", outcome("w-outcome-1", "webhook.handled", '"effect":"replayed"')),
        "gateway",
    ),
    outcome("w-outcome-2", "webhook.handled", '"effect":"a play was stored"'),
    outcome("w-outcome-3", "webhook.ignored", '"reason":"a hint"'),
    play("streamed", "6001"),
    claimed("5099", "p-carl", "carl"),
    linked("p-carl", "carl", "5003", discord_id='"800000000000000003"'),
    fact("person.merged", "dora", '"person_id":"p-dora","person_name":"dora","merged_id":"p-dora-2"'),
    fact(
        "account.unlinked",
        "1",
        '"person_id":"p-gwen","provider":"plex","account_id":"5020","server":"","reason":"Seerr was removed"',
    ),
    fact(
        "credential.died",
        "1",
        '"person_id":"p-gwen","provider":"plex","account_id":"5020","server":"","discord_id":"800000000000000020"',
    ),
    fact("server.changed", "1", '"name":"Attic","is_removed":false'),
    Stored(
        "secret-1",
        "events.webhook_secret.changed",
        '{"type":"webhook_secret.changed","id":"secret-1","occurred_at":"$earlier"}',
    ),
    fact("access.revoked", "1", '"credential_id":"k-gone"'),
    *DEAD,
)
"""Not seen by any consumer: one of every kind that was ever published."""

RETRIES: Final = (
    Retry("gateway", "gateway-webhooks", webhook("w-noted", "Noted late")),
    Retry("gateway", "gateway-outcomes", outcome("w-outcome-4", "webhook.handled", '"effect":"retried"')),
    Retry("gateway", "gateway-dead", DEAD_RETRIED),
    Retry(
        "gateway",
        "gateway-jobs",
        replay(
            dead("d-5", "gateway", "gateway-outcomes", outcome("w-outcome-5", "webhook.handled", '"effect":"both"')),
            "gateway",
        ),
    ),
    Retry("syncer", "syncer-webhooks", webhook("w-retried", "Retried")),
    Retry("syncer", "syncer-people", claimed("5097", "p-bela", "bela")),
    Retry("syncer", "syncer-links", linked("p-bela", "bela", "5002", discord_id='"800000000000000002"')),
    Retry(
        "syncer",
        "syncer-interactions",
        interaction("older", "syncer", "history", data='{"custom_id":"syncer:history:p-anna:0","id":2}', kind=3),
    ),
    Retry("syncer", "syncer-jobs", reply("late", "syncer", "a reply that came too late", interaction_id=_LATE)),
    Retry("linker", "linker-interactions", command("help", "linker", "help")),
    Retry("linker", "linker-jobs", letter("lena", "a letter that was retried")),
    Retry("linker", "linker-plays", play("retried", "6002")),
    Retry("linker", "linker-links", linked("p-judy", "judy", "5010")),
    Retry("linker", "linker-seerr", match("p-bela")),
    Retry("requester", "requester-webhooks", webhook("w-seerr-3", "Heat (1995)", source="seerr")),
    Retry(
        "requester",
        "requester-jobs",
        replay(
            dead("d-6", "requester", "requester-webhooks", webhook("w-seerr-4", "Heat (1995)", source="seerr")),
            "requester",
        ),
    ),
)
"""One of each consumer that there is."""

OUTBOX: Final = (
    ("gateway", webhook("w-handled", "Handled before", attempt=1)),
    (
        "gateway",
        replay(dead("d-7", "syncer", "syncer-webhooks", webhook("w-asked", "Asked to be replayed")), "syncer"),
    ),
    ("syncer", outcome("w-said", "webhook.handled", '"effect":"a play was stored"')),
    ("syncer", play("said", "6005")),
    ("linker", match("p-iris")),
    ("linker", reply("outbox", "linker", "a reply out of the outbox")),
    ("requester", outcome("w-outcome-6", "webhook.ignored", '"reason":"nobody has subscribed"')),
)

SPOOLED: Final = (
    ("plex", webhook("w-spooled", "Spooled")),
    ("discord", command("spooled", "linker", "help")),
)
LEFT_BEHIND: Final = (("plex", webhook("w-left", "Spooled by a gateway that died")),)
"""In the file of a dead process, of a version without checksums and count."""

NOTED: Final = (
    *(f"w-outcome-{number}" for number in range(1, 7)),
    "w-outcome-dead",
    "w-said",
    "w-replayed",
    "w-asked",
    "w-retried",
    *(f"w-seerr-{number}" for number in range(2, 5)),
    "w-seerr-dead",
)
"""Webhooks that are in the event log without their outcome."""
