"""The linker's handlers of Discord commands: link, unlink, whoami and help."""

from collections.abc import Sequence
from typing import Final, Protocol

from services.linker.discord import messages, store
from services.linker.people.store import people
from services.linker.signins.domain import Asker, SignIn
from shared.discord.failures import OutdatedError
from shared.discord.interactions import CommandCalled
from shared.discord.messages import Message
from shared.discord.receiving import Asked
from shared.discord.slash_commands import COMMANDS
from shared.postgres.pool import Pool, transaction
from shared.schemas.interactions import Caller, Interaction
from shared.schemas.media import Provider

PLEX: Final[Provider] = "plex"


class UnlinkedAccount(Protocol):
    """An account that was unlinked."""

    @property
    def username(self) -> str:
        """The account's name."""
        ...


class SignIns(Protocol):
    """Begins and removes links of accounts."""

    async def begin(self, asker: Asker, provider: Provider, *, interaction: Interaction | None = None) -> SignIn:
        """Return the asker's open sign-in, or begin one whose outcome is sent in reply to the interaction."""
        ...

    async def unlink(self, asker: Asker, provider: Provider) -> Sequence[UnlinkedAccount]:
        """Delete the asker's credentials for a provider, and return the accounts that were linked."""
        ...


class Handlers:
    """Answers to commands."""

    def __init__(self, *, pool: Pool, sign_ins: SignIns) -> None:
        self._pool = pool
        self._sign_ins = sign_ins

    async def answer(self, asked: Asked) -> Message:
        """Carry out a command and return the reply; raises what prevents it."""
        match asked.did:
            case CommandCalled(command="link"):
                return await self._link(asked)
            case CommandCalled(command="unlink"):
                return await self._unlink(asked.did.caller)
            case CommandCalled(command="whoami"):
                return await self._whoami(asked.did.caller)
            case CommandCalled(command="help"):
                return messages.help_for(COMMANDS, locale=asked.did.locale, is_admin=asked.is_admin)
            case _:
                raise OutdatedError

    async def _link(self, asked: Asked) -> Message:
        sign_in = await self._sign_ins.begin(_asker(asked.did.caller), PLEX, interaction=asked.interaction)
        return messages.sign_in_offer(sign_in) if sign_in.state == "pending" else messages.sign_in_outcome(sign_in)

    async def _unlink(self, caller: Caller) -> Message:
        unlinked_accounts = await self._sign_ins.unlink(_asker(caller), PLEX)
        async with transaction(self._pool) as connection:
            is_at_seerr = await store.is_token_at_seerr(connection, caller.id)
        return messages.unlink_outcome([each.username for each in unlinked_accounts], is_at_seerr=is_at_seerr)

    async def _whoami(self, caller: Caller) -> Message:
        async with transaction(self._pool) as connection:
            person_id = await store.person_of(connection, caller.id)
            person = None if person_id is None else await people.find_person(connection, person_id)
            if person is None:
                return messages.UNKNOWN_PERSON
            states = await store.account_states_of(connection, person.id)
            return messages.person_summary(person, states, servers=await store.server_names(connection))


def _asker(caller: Caller) -> Asker:
    return Asker("discord", caller.id, caller.name)
