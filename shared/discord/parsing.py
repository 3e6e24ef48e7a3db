"""The bytes of an interaction, read into our types. Only after their signature was verified.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from shared.discord.interactions import (
    Clicked,
    CommandCalled,
    Options,
    Ping,
    Received,
    Submitted,
    Typing,
    Unknown,
    moment_of,
)
from shared.discord.messages import LAYOUT
from shared.errors import InvalidError
from shared.leniency import number, text
from shared.schemas.interactions import Caller
from shared.schemas.secret import Secret

_ADMINISTRATOR: Final = 1 << 3
_LARGEST: Final = 2**63


class _User(msgspec.Struct, frozen=True):
    id: str
    username: str | None = None
    global_name: str | None = None


class _Member(msgspec.Struct, frozen=True):
    user: _User | None = None
    nick: str | None = None
    roles: list[str] | None = None
    permissions: Any = None


class _Option(msgspec.Struct, frozen=True):
    name: str
    value: Any = None
    focused: bool = False
    options: list["_Option"] | None = None


class _Component(msgspec.Struct, frozen=True):
    custom_id: str | None = None
    value: Any = None
    values: list[str] | None = None
    component: "_Component | None" = None
    components: list["_Component"] | None = None


class _Call(msgspec.Struct, frozen=True):
    name: str = ""
    options: list[_Option] | None = None
    custom_id: str = ""
    values: list[str] | None = None
    components: list[_Component] | None = None


class _Message(msgspec.Struct, frozen=True):
    id: str | None = None
    flags: Any = None


class _Interaction(msgspec.Struct, frozen=True):
    type: int
    id: str
    application_id: str = ""
    token: str = ""
    data: _Call | None = None
    user: _User | None = None
    member: _Member | None = None
    message: _Message | None = None
    guild_id: str | None = None
    channel_id: str | None = None
    locale: str | None = None


def parse(body: bytes) -> Received:
    """Return what somebody did; raise `InvalidError` for bytes that are no interaction."""
    try:
        wire = msgspec.json.decode(body, type=_Interaction)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidError("The body is not an interaction") from exc
    moment_of(wire.id)
    call = wire.data or _Call()
    match wire.type:
        case 1:
            return Ping()
        case 2:
            subcommand, given = _unwrapped(call.options)
            return CommandCalled(**_common(wire), command=call.name, subcommand=subcommand, options=_options(given))
        case 3:
            values = tuple(call.values or ())
            return Clicked(**_common(wire), **_place(wire.message), custom_id=call.custom_id, values=values)
        case 4:
            return _typing(wire, call)
        case 5:
            fields = dict(_fields(call.components))
            return Submitted(**_common(wire), **_place(wire.message), custom_id=call.custom_id, fields=fields)
        case _:
            return Unknown(wire.type, wire.id)


def _common(wire: _Interaction) -> dict[str, Any]:
    return {
        "id": wire.id,
        "application_id": wire.application_id,
        "token": Secret(wire.token),
        "caller": _caller(wire),
        "channel_id": wire.channel_id,
        "locale": wire.locale or "en-US",
    }


def _place(message: _Message | None) -> dict[str, Any]:
    if message is None:
        return {}
    flags = number(message.flags, low=0, high=_LARGEST) or 0
    return {"message_id": message.id, "is_below_layout": bool(flags & LAYOUT)}


def _caller(wire: _Interaction) -> Caller:
    member = wire.member or _Member()
    user = member.user or wire.user
    if user is None:
        raise InvalidError("The interaction names nobody")
    rights = number(member.permissions, low=0, high=_LARGEST) or 0
    return Caller(
        id=user.id,
        name=text(member.nick) or text(user.global_name) or text(user.username) or user.id,
        guild_id=wire.guild_id,
        roles=tuple(member.roles or ()),
        is_administrator=bool(rights & _ADMINISTRATOR),
    )


def _typing(wire: _Interaction, call: _Call) -> Typing:
    subcommand, given = _unwrapped(call.options)
    focused = next((option for option in given if option.focused), None)
    if focused is None:
        raise InvalidError("The interaction says nothing of what is being typed")
    return Typing(
        **_common(wire),
        command=call.name,
        subcommand=subcommand,
        options=_options(given),
        focused=focused.name,
        typed=text(focused.value) or "",
    )


def _unwrapped(options: list[_Option] | None) -> tuple[tuple[str, ...], list[_Option]]:
    path: tuple[str, ...] = ()
    given = options or []
    while len(given) == 1 and given[0].options is not None:
        path = (*path, given[0].name)
        given = given[0].options
    return path, given


def _options(given: list[_Option]) -> Options:
    return Options({option.name: option.value for option in given if isinstance(option.value, str | int | float)})


def _fields(components: list[_Component] | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    # a row holds several components, a label (https://docs.discord.com/developers/components/reference#label) holds one
    for outer in components or []:
        for inner in (outer, *(outer.components or ()), *((outer.component,) if outer.component else ())):
            if inner.custom_id is not None:
                values = inner.values if inner.values is not None else [inner.value]
                yield inner.custom_id, tuple(value for value in values if isinstance(value, str))
