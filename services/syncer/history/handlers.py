"""The handlers of the watch history: webhooks become plays, claims move plays, and questions get pages."""

from datetime import datetime
from typing import Final, Protocol, TypeVar, assert_never

import msgspec
import structlog

from services.syncer.history.same_title import episodes_of
from services.syncer.history.same_viewing import Viewing, duplicates_of, find_duplicates
from services.syncer.history.sources.outcome import Ignored, Outcome, Unwatched, Watched
from services.syncer.history.store import duplicate_plays, ownership, plays, queries
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Work, Worker
from shared.postgres.pool import Connection, Pool, transaction
from shared.runtime import Service
from shared.schemas.events import (
    AccountClaimed,
    AccountReturned,
    PersonMerged,
    PersonUnmerged,
    PlayRecorded,
    WebhookHandled,
    WebhookIgnored,
)
from shared.schemas.history import CountPlays, ListPlays, PersonRef, PlayPage, PlayStats
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account, Title
from shared.schemas.webhooks import Webhook

WEBHOOKS: Final = streams.SYNCER_WEBHOOKS.name
PEOPLE: Final = streams.SYNCER_PEOPLE.name

Question = TypeVar("Question", ListPlays, CountPlays)

log = structlog.get_logger()


class Parse(Protocol):
    """Turns a sender's bytes into their meaning for the watch history."""

    def __call__(self, webhook: Webhook) -> Outcome:
        """Return the outcome; never raises."""
        ...


class _Effect(msgspec.Struct, frozen=True):
    """The effect of a webhook: `name` for the log, `text` for people."""

    name: str
    text: str


class Handlers:
    """The syncer's handlers for the watch history."""

    def __init__(self, *, worker: Worker, pool: Pool, parse: Parse) -> None:
        self._worker = worker
        self._pool = pool
        self._parse = parse

    def add_to(self, service: Service) -> None:
        """Have a service turn webhooks into plays, and answer questions about them."""
        service.consume(streams.SYNCER_WEBHOOKS, self.take_webhook)
        service.consume(streams.SYNCER_PEOPLE, self.take_fact, workers=2)
        service.answer(ListPlays.answered_by(self.list_plays), CountPlays.answered_by(self.count_plays))

    async def take_webhook(self, message: Message) -> None:
        """Store once what a webhook says was watched, or report why nothing is stored."""
        webhook = msgspec.json.decode(message.payload, type=Webhook)
        outcome = self._parse(webhook)
        async with self._worker.once(consumer=WEBHOOKS, message_id=message.id) as work:
            match outcome:
                case Watched():
                    effect = await _record_plays(work, webhook, outcome)
                case Unwatched():
                    effect = await _record_unwatched(work, webhook, outcome)
                case Ignored(reason):
                    effect = _Effect("webhook_ignored", reason)
                case never:
                    assert_never(never)
            work.publish(_outcome_event(webhook, outcome, effect))
        log.info(effect.name, id=webhook.id, source=webhook.source, reason=effect.text)

    async def take_fact(self, message: Message) -> None:
        """Move plays when the linker reports that an account or a person changed hands, or changed back."""
        fact = msgspec.json.decode(
            message.payload, type=AccountClaimed | AccountReturned | PersonMerged | PersonUnmerged
        )
        async with self._worker.once(consumer=PEOPLE, message_id=message.id) as work:
            person: PersonRef | None = None
            match fact:
                case AccountClaimed(account=account):
                    await plays.lock_account(work.connection, account)
                    person = await ownership.give_account(work.connection, fact)
                case AccountReturned(account=account):
                    await plays.lock_account(work.connection, account)
                    await ownership.return_account(work.connection, fact)
                case PersonMerged():
                    person = await ownership.merge_people(work.connection, fact)
                case PersonUnmerged():
                    await ownership.unmerge_people(work.connection, fact)
                case never:
                    assert_never(never)
            if person is not None:
                await _merge_duplicates(work, person)

    async def list_plays(self, question: ListPlays) -> PlayPage:
        """Answer `GET /api/history`."""
        async with transaction(self._pool) as connection:
            return await queries.page_of_plays(connection, await _with_current_person(connection, question))

    async def count_plays(self, question: CountPlays) -> PlayStats:
        """Answer `GET /api/history/stats`."""
        async with transaction(self._pool) as connection:
            return await queries.stats_of_plays(connection, await _with_current_person(connection, question))


async def _with_current_person(connection: Connection, question: Question) -> Question:
    """Return the question about the person that a merged one became part of."""
    if question.person is None:
        return question
    return msgspec.structs.replace(question, person=await ownership.current_id(connection, question.person))


async def _record_plays(work: Work, webhook: Webhook, watched: Watched) -> _Effect:
    """Store a viewing, as one play for each episode in the file, unless it was reported before."""
    person = await _lock_account_and_owner(work.connection, watched.account)
    known = []
    for episode, title in _episodes_with_causes(watched.title):
        viewing = Viewing(
            id=derived_id("play", webhook.id, *episode),
            feeder=webhook.source,
            feeder_server=webhook.server or watched.account.server,
            account=watched.account,
            title=title,
            watched_at=watched.watched_at,
            began_at=watched.began_at,
            reported_at=watched.reported_at,
        )
        known.append(await _record_play(work, viewing, person, at=webhook.received_at))
    return _effect_of(known)


def _episodes_with_causes(title: Title) -> list[tuple[tuple[int | None, ...], Title]]:
    """Return the episodes of a title with the further causes of their ids: the first has none."""
    first, *others = episodes_of(title)
    return [((), first), *(((other.episode,), other) for other in others)]


def _effect_of(known: list[Viewing | None]) -> _Effect:
    match known.count(None), known:
        case 0, [Viewing(feeder=feeder), *_]:
            return _Effect("play_known", f"the viewing is known already, from {feeder}")
        case 1, _:
            return _Effect("play_recorded", "a play was stored")
        case count, _:
            return _Effect("play_recorded", f"{count} plays were stored")


async def _lock_account_and_owner(connection: Connection, account: Account) -> PersonRef | None:
    """Return the owner of an account, after locking the plays of both."""
    await plays.lock_account(connection, account)
    person = await plays.owner_of(connection, account)
    if person is not None:
        await plays.lock_person(connection, person)
    return person


async def _record_play(work: Work, viewing: Viewing, person: PersonRef | None, *, at: datetime) -> Viewing | None:
    """Store a play; if it was reported before, complete and return that play instead."""
    known = duplicates_of(await plays.viewings_like(work.connection, viewing, person), viewing)
    if known is not None:
        await duplicate_plays.merge(work.connection, known)
        return known.kept
    await plays.record_play(work.connection, viewing, person)
    work.publish(
        PlayRecorded(
            id=derived_id("play.recorded", viewing.id),
            occurred_at=at,
            play_id=viewing.id,
            account=viewing.account,
            title=viewing.title,
            watched_at=viewing.watched_at,
            person_id=person.id if person else None,
        )
    )
    return None


async def _record_unwatched(work: Work, webhook: Webhook, unwatched: Unwatched) -> _Effect:
    account = unwatched.account
    await plays.lock_account(work.connection, account)
    person = await plays.owner_of(work.connection, account)
    for episode, title in _episodes_with_causes(unwatched.title):
        await plays.record_unwatched(
            work.connection,
            derived_id("unwatched", webhook.id, *episode),
            account,
            title,
            person=person,
            at=unwatched.at,
        )
    return _Effect("unwatched_recorded", "it was noted as not watched")


async def _merge_duplicates(work: Work, person: PersonRef) -> None:
    """Merge plays that two accounts of a person reported, as if the accounts had always been this person's."""
    while found := find_duplicates(await duplicate_plays.near_duplicates(work.connection, person)):
        for each in found:
            await duplicate_plays.merge(work.connection, each)
        log.info("duplicate_plays_merged", person=person.id, merged=sum(len(each.removed) for each in found))


def _outcome_event(webhook: Webhook, outcome: Outcome, effect: _Effect) -> WebhookHandled | WebhookIgnored:
    return (
        _ignored_event(webhook, effect.text) if isinstance(outcome, Ignored) else _handled_event(webhook, effect.text)
    )


def _handled_event(webhook: Webhook, effect: str) -> WebhookHandled:
    return WebhookHandled(
        id=derived_id("handled", webhook.id, webhook.attempt),
        occurred_at=webhook.received_at,
        webhook_id=webhook.id,
        source=webhook.source,
        attempt=webhook.attempt,
        effect=effect,
    )


def _ignored_event(webhook: Webhook, reason: str) -> WebhookIgnored:
    return WebhookIgnored(
        id=derived_id("ignored", webhook.id, webhook.attempt),
        occurred_at=webhook.received_at,
        webhook_id=webhook.id,
        source=webhook.source,
        attempt=webhook.attempt,
        reason=reason,
    )
