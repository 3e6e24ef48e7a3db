"""What the syncer does with messages and questions: webhooks become plays, claims move them, readers get pages."""

from datetime import datetime
from typing import Final, Protocol, TypeVar, assert_never

import msgspec
import structlog

from services.syncer.history import domain
from services.syncer.history.domain import Viewing
from services.syncer.history.sources.outcome import Ignored, Outcome, Unwatched, Watched
from services.syncer.history.store import duplicates, plays, queries
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Work, Worker
from shared.postgres.pool import Connection, Pool, transaction
from shared.schemas.events import AccountClaimed, PersonMerged, PlayRecorded, WebhookHandled, WebhookIgnored
from shared.schemas.history import CountPlays, ListPlays, PersonRef, PlayPage, PlayStats
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account, Title
from shared.schemas.webhooks import Webhook

WEBHOOKS: Final = streams.SYNCER_WEBHOOKS.name
PEOPLE: Final = streams.SYNCER_PEOPLE.name

Question = TypeVar("Question", ListPlays, CountPlays)

log = structlog.get_logger()


class Parse(Protocol):
    """Turns a sender's bytes into what they mean for plays."""

    def __call__(self, webhook: Webhook) -> Outcome:
        """Return the outcome; never raises."""
        ...


class _Effect(msgspec.Struct, frozen=True):
    """What a webhook did: `name` for the log, `text` for people."""

    name: str
    text: str


class Handlers:
    """The syncer's handlers."""

    def __init__(self, *, worker: Worker, pool: Pool, parse: Parse) -> None:
        self._worker = worker
        self._pool = pool
        self._parse = parse

    async def take_webhook(self, message: Message) -> None:
        """Store what a webhook says was watched, once, or say why nothing is stored."""
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
            work.publish(_said(webhook, outcome, effect))
        log.info(effect.name, id=webhook.id, source=webhook.source, reason=effect.text)

    async def take_fact(self, message: Message) -> None:
        """Let plays follow what linker says of accounts and persons."""
        fact = msgspec.json.decode(message.payload, type=AccountClaimed | PersonMerged)
        async with self._worker.once(consumer=PEOPLE, message_id=message.id) as work:
            match fact:
                case AccountClaimed(account=account):
                    await plays.lock_account(work.connection, account)
                    person = await plays.give_account(work.connection, fact)
                case PersonMerged():
                    person = await plays.merge_people(work.connection, fact)
                case never:
                    assert_never(never)
            await _fold(work, person)

    async def list_plays(self, question: ListPlays) -> PlayPage:
        """Answer `GET /api/history`."""
        async with transaction(self._pool) as connection:
            return await queries.page_of_plays(connection, await _of_today(connection, question))

    async def count_plays(self, question: CountPlays) -> PlayStats:
        """Answer `GET /api/history/stats`."""
        async with transaction(self._pool) as connection:
            return await queries.stats_of_plays(connection, await _of_today(connection, question))


async def _of_today(connection: Connection, question: Question) -> Question:
    """Return a question with the person whom a merged one became part of."""
    if question.person is None:
        return question
    return msgspec.structs.replace(question, person=await plays.current_id(connection, question.person))


async def _record_plays(work: Work, webhook: Webhook, watched: Watched) -> _Effect:
    """Store a viewing, as a play of each episode in the file, unless other reports of it are there."""
    person = await _lock(work.connection, watched.account)
    known = []
    for episode, title in _numbered(watched.title):
        viewing = Viewing(
            id=derived_id("play", webhook.id, *episode),
            feeder=webhook.source,
            feeder_server=webhook.server or watched.account.server,
            account=watched.account,
            title=title,
            watched_at=watched.watched_at,
            began_at=watched.began_at,
            told_at=watched.told_at,
        )
        known.append(await _record_play(work, viewing, person, at=webhook.received_at))
    return _done(known)


def _numbered(title: Title) -> list[tuple[tuple[int | None, ...], Title]]:
    """Return each episode of a title with what its id is derived from: of the first, nothing but the webhook."""
    first, *others = domain.episodes_of(title)
    return [((), first), *(((other.episode,), other) for other in others)]


def _done(known: list[Viewing | None]) -> _Effect:
    match known.count(None), known:
        case 0, [Viewing(feeder=feeder), *_]:
            return _Effect("play_known", f"the viewing is known already, from {feeder}")
        case 1, _:
            return _Effect("play_recorded", "a play was stored")
        case count, _:
            return _Effect("play_recorded", f"{count} plays were stored")


async def _lock(connection: Connection, account: Account) -> PersonRef | None:
    """Return whose account it is, after nobody else can add to the plays of the account or of that person."""
    await plays.lock_account(connection, account)
    person = await plays.owner_of(connection, account)
    if person is not None:
        await plays.lock_person(connection, person)
    return person


async def _record_play(work: Work, viewing: Viewing, person: PersonRef | None, *, at: datetime) -> Viewing | None:
    """Store a play unless another report of the viewing is there, which is returned and learns from this one."""
    known = domain.known_as(await plays.viewings_like(work.connection, viewing, person), viewing)
    if known is not None:
        await duplicates.fold(work.connection, known)
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
    for episode, title in _numbered(unwatched.title):
        await plays.record_unwatched(
            work.connection,
            derived_id("unwatched", webhook.id, *episode),
            account,
            title,
            person=person,
            at=unwatched.at,
        )
    return _Effect("unwatched_recorded", "it was noted as not watched")


async def _fold(work: Work, person: PersonRef) -> None:
    """Let viewings that two accounts of a person reported be one play each, as if the accounts had been theirs then."""
    while found := domain.folds(await duplicates.near_duplicates(work.connection, person)):
        for fold in found:
            await duplicates.fold(work.connection, fold)
        log.info("plays_folded", person=person.id, folded=sum(len(fold.gone) for fold in found))


def _said(webhook: Webhook, outcome: Outcome, effect: _Effect) -> WebhookHandled | WebhookIgnored:
    return _ignored(webhook, effect.text) if isinstance(outcome, Ignored) else _handled(webhook, effect.text)


def _handled(webhook: Webhook, effect: str) -> WebhookHandled:
    return WebhookHandled(
        id=derived_id("handled", webhook.id, webhook.attempt),
        occurred_at=webhook.received_at,
        webhook_id=webhook.id,
        source=webhook.source,
        attempt=webhook.attempt,
        effect=effect,
    )


def _ignored(webhook: Webhook, reason: str) -> WebhookIgnored:
    return WebhookIgnored(
        id=derived_id("ignored", webhook.id, webhook.attempt),
        occurred_at=webhook.received_at,
        webhook_id=webhook.id,
        source=webhook.source,
        attempt=webhook.attempt,
        reason=reason,
    )
