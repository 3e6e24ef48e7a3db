"""Who is an admin on Discord, and who may do what is for admins."""

import msgspec
import pytest

from shared.discord.catalogue import Action, Catalogue
from shared.discord.command_format import Command
from shared.discord.components import Form, Label, TextInput
from shared.discord.failures import OutdatedError
from shared.discord.prompts import Prompts
from shared.discord.receiving import Asked
from shared.discord.rights import Rights
from shared.discord.slash_commands import Declared
from shared.errors import ForbiddenError
from shared.schemas.interactions import Caller, Choice, Choices, OpenForm, Suggest
from simulators.discord.interactions import ADMINISTRATOR, DiscordApp, Person

GUILD, OTHER, ROLE = "197038439483310086", "197038439483310099", "41771983423143936"
RIGHTS = Rights(guild_id=GUILD, admin_role_id=ROLE)
CATALOGUE = Catalogue(
    [Declared(service="requester", command=Command(name="approve", description="Approve"), is_for_admins=True)],
    [Action(service="requester", name="decline", is_for_admins=True, opens_form=True)],
)
ANNA = Person(id="5", name="anna", guild_id=GUILD)
ADMIN = Person(id="6", name="martha", guild_id=GUILD, permissions=ADMINISTRATOR)
APP = DiscordApp()


async def choices_for(question: Suggest, *, is_admin: bool) -> Choices:
    return Choices([Choice(question.typed, str(is_admin))])


async def form_for(asked: Asked) -> Form:
    field = Label(label=str(asked.is_admin), component=TextInput(custom_id="reason", style=1))
    return Form(custom_id="requester:decline:5", title="Decline", components=(field,))


PROMPTS = Prompts(choices_for=choices_for, form_for=form_for, rights=RIGHTS, catalogue=CATALOGUE)


def caller(**more: object) -> Caller:
    return msgspec.convert({"id": "5", "name": "a", **more}, Caller)


@pytest.mark.parametrize(
    ("who", "is_admin"),
    [
        (caller(guild_id=GUILD), False),
        (caller(guild_id=GUILD, is_administrator=True), True),
        (caller(guild_id=OTHER, is_administrator=True), False),
        (caller(guild_id=GUILD, roles=[ROLE]), True),
        (caller(guild_id=GUILD, roles=["1"]), False),
        (caller(), False),
    ],
)
def test_an_admin_has_the_role_or_is_an_administrator_at_home(who: Caller, *, is_admin: bool) -> None:
    assert RIGHTS.is_admin(who) is is_admin


def test_where_nothing_is_set_up_nobody_is_an_admin() -> None:
    assert not Rights().is_admin(caller(guild_id="", roles=[""], is_administrator=True))


def question(person: Person) -> OpenForm:
    click = APP.button(person, "requester:decline:5", message={"id": "9"})
    return OpenForm(payload=msgspec.Raw(msgspec.json.encode(click)))


async def test_a_form_for_admins_is_opened_for_them_alone() -> None:
    opened = await PROMPTS.open_form(question(ADMIN))

    assert msgspec.json.decode(opened.form, type=Form).components[0].label == "True"
    with pytest.raises(ForbiddenError):
        await PROMPTS.open_form(question(ANNA))


async def test_what_this_version_does_not_know_is_done_for_nobody() -> None:
    click = APP.button(ADMIN, "requester:ban:5", message={"id": "9"})
    asked = Suggest(command="ban", option="who", typed="he", caller=caller(guild_id=GUILD, is_administrator=True))

    with pytest.raises(OutdatedError):
        await PROMPTS.open_form(OpenForm(payload=msgspec.Raw(msgspec.json.encode(click))))
    assert await PROMPTS.suggest(asked) == Choices([])


async def test_choices_of_a_command_for_admins_are_for_them_alone() -> None:
    asked = Suggest(command="approve", option="request", typed="he", caller=caller(guild_id=GUILD))
    by_admin = msgspec.structs.replace(asked, caller=caller(guild_id=GUILD, is_administrator=True))

    assert await PROMPTS.suggest(asked) == Choices([])
    assert await PROMPTS.suggest(by_admin) == Choices([Choice("he", "True")])
