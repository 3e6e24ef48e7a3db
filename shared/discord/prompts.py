"""What a service answers at once, while Discord waits: choices for somebody who is typing, and forms to fill in."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from shared.discord.catalogue import CATALOGUE, Catalogue
from shared.discord.components import Form
from shared.discord.fitting import fit_form
from shared.discord.receiving import Asked, checked_rights, done
from shared.discord.rights import Rights
from shared.schemas.interactions import Choices, OpenedForm, OpenForm, Suggest
from shared.schemas.question import Answer


class ChoicesFor(Protocol):
    """Knows what fits what somebody types."""

    async def __call__(self, question: Suggest, *, is_admin: bool) -> Choices: ...


class Prompts:
    """A service's choices and forms; both functions may raise what stands in the way."""

    def __init__(
        self,
        *,
        choices_for: ChoicesFor,
        form_for: Callable[[Asked], Awaitable[Form]],
        rights: Rights,
        catalogue: Catalogue = CATALOGUE,
    ) -> None:
        self._choices_for = choices_for
        self._form_for = form_for
        self._rights = rights
        self._catalogue = catalogue

    def answers(self) -> tuple[Answer, ...]:
        """Return what answers the questions, for `Service.answer`."""
        return Suggest.answered_by(self.suggest), OpenForm.answered_by(self.open_form)

    async def suggest(self, question: Suggest) -> Choices:
        """Answer what to choose from: nothing for an unknown command, or whoever may not call it."""
        is_admin = self._rights.is_admin(question.caller)
        command = self._catalogue.command(question.command)
        if command is None or (command.is_for_admins and not is_admin):
            return Choices([])
        return await self._choices_for(question, is_admin=is_admin)

    async def open_form(self, question: OpenForm) -> OpenedForm:
        """Answer which form a button, a menu or a command opens, as Discord takes it."""
        did = done(question.payload)
        is_admin = checked_rights(did, self._rights, self._catalogue)
        form = fit_form(await self._form_for(Asked(did, is_admin)))
        return OpenedForm(msgspec.Raw(msgspec.json.encode(form)))
