"""Commands as data: what Discord would refuse, and whether it has them already; and what an interaction is answered."""

from typing import Any

import msgspec
import pytest

from shared.discord.command_format import Command, Option, OptionChoice, OptionType, faults, is_registered
from shared.discord.components import Form, Label, TextInput
from shared.discord.messages import Message
from shared.discord.responses import (
    DEFERRED_UPDATE,
    PONG,
    Response,
    Suggestion,
    deferred,
    opened,
    shown,
    suggestions,
)
from tests.catalogue import COMMANDS

REASON = TextInput(custom_id="reason", style=2)
FORM = Form(custom_id="decline:5", title="Why?", components=(Label(label="Reason", component=REASON),))


def option(name: str = "title", **more: Any) -> Option:
    return Option(**{"type": OptionType.TEXT, "name": name, "description": "A title", **more})


def command(name: str = "request", **more: Any) -> Command:
    return Command(**{"name": name, "description": "Request a title", **more})


def test_good_commands_have_no_faults() -> None:
    assert faults(COMMANDS) == []


@pytest.mark.parametrize("name", ["history", "übersicht", "4k", "a-b_c", "リンク", "x" * 32])
def test_a_name_may_be_in_any_language(name: str) -> None:
    assert faults([command(name)]) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (command(""), "a name has"),
        (command("Request"), "a name has"),
        (command("re quest"), "a name has"),
        (command("x" * 33), "a name has"),
        (command("a/b"), "a name has"),
        (command(description=""), "a description has"),
        (command(description="x" * 101), "a description has"),
        (command(options=[option(str(number)) for number in range(26)]), "more than 25 options"),
        (command(options=[option("Title")]), "a name has"),
        (command(options=[option(description="")]), "a description has"),
        (command(options=[option(), option("other", required=True)]), "required options come first"),
        (command(options=[option(choices=[OptionChoice("x", "x")] * 26)]), "more than 25 choices"),
        (command(options=[option(choices=[OptionChoice("x", "x")], autocomplete=True)]), "exclude each other"),
        (command(options=[option(choices=[OptionChoice("x" * 100, "y" * 100)] * 25)] * 2), "at most 8000"),
        (command(options=[option(choices=[OptionChoice("x", "y", {"de": "x" * 400})] * 25)]), "at most 8000"),
        (command(name_localizations={"de": "An Fragen"}), "a name has"),
        (command(description_localizations={"de": "x" * 101}), "a description has"),
        (command(options=[option(name_localizations={"de": "Titel"})]), "a name has"),
    ],
)
def test_what_discord_would_refuse_is_found_before(wrong: Command, says: str) -> None:
    found = faults([wrong])

    assert any(says in fault.message for fault in found)


def test_a_name_is_declared_once() -> None:
    assert [fault.message for fault in faults([command(), command()])] == ["declared twice"]


def test_a_translation_is_no_other_commands_name() -> None:
    clashing = [command("link", name_localizations={"de": "hilfe"}), command("hilfe")]

    assert [(fault.path, fault.message) for fault in faults(clashing)] == [("hilfe", "declared twice")]


def test_the_order_of_contexts_is_no_change() -> None:
    assert is_registered([command(contexts=[0, 1])], [command(contexts=[1, 0])])


def test_there_are_at_most_a_hundred() -> None:
    assert [fault.message for fault in faults([command(f"c{number}") for number in range(101)])] == [
        "more than 100 commands"
    ]


def test_what_is_registered_is_not_registered_again() -> None:
    assert is_registered(COMMANDS, reversed(COMMANDS))


def test_what_discord_adds_of_its_own_is_no_change() -> None:
    answer = [
        {**entry, "id": "1", "version": "2", "contexts": [0, 1, 2], "type": 1, "nsfw": False}
        for entry in msgspec.json.decode(msgspec.json.encode(COMMANDS))
    ]

    assert is_registered(COMMANDS, msgspec.convert(answer, list[Command], strict=False))


@pytest.mark.parametrize(
    "registered",
    [
        [],
        COMMANDS[:1],
        [*COMMANDS, command("extra")],
        [COMMANDS[0], msgspec.structs.replace(COMMANDS[1], description="Other")],
        [COMMANDS[0], msgspec.structs.replace(COMMANDS[1], options=COMMANDS[1].options[:1])],
        [COMMANDS[0], msgspec.structs.replace(COMMANDS[1], default_member_permissions=None)],
    ],
)
def test_a_change_is_seen(registered: list[Command]) -> None:
    assert not is_registered(COMMANDS, registered)


def test_commands_of_others_are_read_too() -> None:
    answer = b"""[{"id": "1", "name": "play", "description": "", "type": 2, "options": [
        {"type": 7, "name": "channel", "description": "x", "choices": [{"name": "a", "value": 0.5}]},
        {"type": 1, "name": "now", "description": "x", "options": []}]}]"""

    assert not is_registered(COMMANDS, msgspec.json.decode(answer, type=list[Command], strict=False))


def test_contexts_that_were_declared_are_compared() -> None:
    assert not is_registered([command(contexts=[0])], [command(contexts=[0, 1])])


@pytest.mark.parametrize(
    ("reply", "json"),
    [
        (PONG, {"type": 1}),
        (DEFERRED_UPDATE, {"type": 6}),
        (deferred(ephemeral=True), {"type": 5, "data": {"flags": 64}}),
        (deferred(ephemeral=False), {"type": 5}),
        (suggestions(()), {"type": 8, "data": {"choices": []}}),
        (
            suggestions((Suggestion("Heat (1995)", "movie:949"),)),
            {"type": 8, "data": {"choices": [{"name": "Heat (1995)", "value": "movie:949"}]}},
        ),
        (
            shown(Message(content="No"), ephemeral=True),
            {
                "type": 4,
                "data": {
                    "content": "No",
                    "embeds": [],
                    "components": [],
                    "allowed_mentions": {"parse": [], "users": []},
                    "flags": 64,
                },
            },
        ),
        (
            opened(msgspec.Raw(msgspec.json.encode(FORM))),
            {
                "type": 9,
                "data": {
                    "custom_id": "decline:5",
                    "title": "Why?",
                    "components": [
                        {
                            "type": 18,
                            "label": "Reason",
                            "component": {
                                "type": 4,
                                "custom_id": "reason",
                                "style": 2,
                            },
                        }
                    ],
                },
            },
        ),
    ],
)
def test_an_answer_is_as_discord_wants_it(reply: Response, json: dict[str, Any]) -> None:
    assert msgspec.json.decode(msgspec.json.encode(reply)) == json
