"""What somebody did on Discord, read from its bytes."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.discord.interactions import (
    Clicked,
    CommandCalled,
    Options,
    Ping,
    Submitted,
    Typing,
    Unknown,
    Value,
    moment_of,
)
from shared.discord.parsing import parse
from shared.errors import InvalidError
from shared.schemas.interactions import Caller
from shared.schemas.secret import Secret

AN_ID = "1176524800000000000"
USER = {"id": "42", "username": "anna", "global_name": "Anna", "avatar": None, "discriminator": "0"}
MEMBER = {"user": USER, "nick": None, "roles": ["7", "8"], "permissions": "8", "joined_at": "2020-01-01T00:00:00Z"}


def sent(kind: int, data: Any = None, **more: Any) -> bytes:
    return msgspec.json.encode(
        {
            "version": 1,
            "type": kind,
            "id": AN_ID,
            "application_id": "1001",
            "token": "reply-token",
            "guild_id": "77",
            "channel_id": "78",
            "locale": "de",
            "entitlements": [],
            "member": MEMBER,
            "data": data,
            **more,
        }
    )


def text(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": 3, "value": value, **more}


def test_a_ping_needs_nobody() -> None:
    assert parse(b'{"type":1,"id":"1176524800000000000","application_id":"1001","token":"t","version":1}') == Ping()


def test_a_command_says_who_called_what_with_what() -> None:
    call = {"id": "5", "name": "request", "type": 1, "options": [text("title", "movie:603"), text("4k", value=True)]}

    called = parse(sent(2, call))

    assert isinstance(called, CommandCalled)
    assert (called.id, called.application_id, called.token) == (AN_ID, "1001", Secret("reply-token"))
    assert (called.channel_id, called.locale) == ("78", "de")
    assert called.caller == Caller(id="42", name="Anna", guild_id="77", roles=("7", "8"), is_administrator=True)
    assert (called.command, called.subcommand) == ("request", ())
    assert called.options.text("title") == "movie:603"
    assert called.options.flag("4k") is True
    assert "reply-token" not in repr(called)


def test_in_a_direct_message_the_user_stands_elsewhere() -> None:
    called = parse(sent(2, {"name": "link"}, member=None, guild_id=None, user={"id": "43", "username": "ben"}))

    assert isinstance(called, CommandCalled)
    assert called.caller == Caller(id="43", name="ben", guild_id=None)


@pytest.mark.parametrize(
    ("permissions", "expected"), [("8", True), ("2147483655", False), ("", False), (None, False), ("x", False)]
)
def test_an_administrator_has_the_right_to(permissions: Any, *, expected: bool) -> None:
    called = parse(sent(2, {"name": "link"}, member={**MEMBER, "permissions": permissions}))

    assert isinstance(called, CommandCalled)
    assert called.caller.is_administrator is expected


def test_a_command_below_a_command_is_found() -> None:
    inner = {"name": "add", "type": 1, "options": [text("title", "Heat")]}
    called = parse(sent(2, {"name": "wishlist", "options": [{"name": "mine", "type": 2, "options": [inner]}]}))

    assert isinstance(called, CommandCalled)
    assert called.subcommand == ("mine", "add")
    assert called.options.text("title") == "Heat"


def test_somebody_is_typing() -> None:
    call = {"name": "request", "options": [text("kind", "movie"), text("title", "the mat", focused=True)]}

    typing = parse(sent(4, call))

    assert isinstance(typing, Typing)
    assert (typing.command, typing.focused, typing.typed) == ("request", "title", "the mat")
    assert typing.options.text("kind") == "movie"


def test_nothing_typed_yet_is_an_empty_text() -> None:
    typing = parse(sent(4, {"name": "request", "options": [text("title", "", focused=True)]}))

    assert isinstance(typing, Typing)
    assert typing.typed == ""


def test_a_button_is_pressed() -> None:
    clicked = parse(sent(3, {"custom_id": "approve:5", "component_type": 2}, message={"id": "900", "content": ""}))

    assert isinstance(clicked, Clicked)
    assert (clicked.custom_id, clicked.values, clicked.message_id) == ("approve:5", (), "900")


def test_several_are_chosen_from_a_menu() -> None:
    clicked = parse(sent(3, {"custom_id": "seasons", "component_type": 3, "values": ["1", "2"]}))

    assert isinstance(clicked, Clicked)
    assert clicked.values == ("1", "2")


def test_a_form_is_read_in_both_layouts() -> None:
    components = [
        {"type": 1, "components": [{"type": 4, "custom_id": "reason", "value": "too old"}]},
        {"type": 18, "component": {"type": 3, "custom_id": "seasons", "values": ["1", "3"]}},
        {"type": 10, "content": "just text"},
        {"type": 18, "component": {"type": 22, "custom_id": "check", "value": 5}},
    ]

    submitted = parse(sent(5, {"custom_id": "decline:5", "components": components}))

    assert isinstance(submitted, Submitted)
    assert submitted.custom_id == "decline:5"
    assert submitted.fields == {"reason": ("too old",), "seasons": ("1", "3"), "check": ()}


def test_a_kind_that_is_new_is_named_and_no_error() -> None:
    assert parse(sent(99)) == Unknown(99, AN_ID)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"ping"',
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"type":"1","id":"1"}',
        b'{"type":1}',
        b'{"type":1,"id":"abc"}',
        b'{"type":1,"id":"-5"}',
        b'{"type":1,"id":"999999999999999999999"}',
        b'{"type":1,"id":""}',
        b'{"type":2,"id":"5"}',
        b'{"type":2,"id":"5","user":{"id":5}}',
        b'{"type":2,"id":"5","user":{"id":"6"},"data":[]}',
        b'{"type":2,"id":"5","user":{"id":"6"},"data":{"options":{}}}',
        b'{"type":4,"id":"5","user":{"id":"6"},"data":{"name":"x"}}',
        b'{"type":1,"id":"1","data":{"options":' + b'[{"name":"a","options":' * 5_000,
    ],
)
def test_what_is_no_interaction_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidError):
        parse(body)


@given(st.binary())
def test_no_bytes_break_it(body: bytes) -> None:
    with pytest.raises(InvalidError):
        parse(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "options", "value", "values"]), inner),
    ),
    st.integers(2, 5),
)
def test_no_content_breaks_it(data: Any, kind: int) -> None:
    try:
        received = parse(sent(kind, data))
    except InvalidError:
        return
    assert isinstance(received, CommandCalled | Typing | Clicked | Submitted)


@pytest.mark.parametrize("value", [5, True, 1.5])
def test_an_option_that_should_be_a_text_is_refused(value: Value) -> None:
    with pytest.raises(InvalidError) as raised:
        Options({"title": value}).text("title")

    assert raised.value.faults[0].path == "title"


@pytest.mark.parametrize("value", ["5", True, 1.5])
def test_an_option_that_should_be_a_number_is_refused(value: Value) -> None:
    with pytest.raises(InvalidError):
        Options({"count": value}).whole("count")


@pytest.mark.parametrize("value", ["true", 1, 0, 1.5])
def test_an_option_that_should_be_yes_or_no_is_refused(value: Value) -> None:
    with pytest.raises(InvalidError):
        Options({"4k": value}).flag("4k")


def test_options_that_were_not_given_are_none() -> None:
    options = Options({"blank": "  "})

    assert (options.text("title"), options.text("blank")) == (None, None)
    assert (options.whole("count"), options.flag("4k")) == (None, None)


def test_an_id_tells_when_it_was_made() -> None:
    # https://docs.discord.com/developers/reference#snowflakes
    assert moment_of("175928847299117063") == datetime(2016, 4, 30, 11, 18, 25, 796000, tzinfo=UTC)
