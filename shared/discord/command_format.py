"""The format in which Discord gets slash commands: checked against its limits, compared with what is registered.

https://docs.discord.com/developers/interactions/application-commands
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Final

import msgspec

from shared.errors import Fault

MOST_COMMANDS: Final = 100
MOST_OPTIONS: Final = 25
MOST_CHOICES: Final = 25
LONGEST_DESCRIPTION: Final = 100
LONGEST_COMMAND: Final = 8_000
"""Characters of all names, descriptions and values of a command."""

_NAME: Final = re.compile(r"[-_'\w]{1,32}")


class OptionType(IntEnum):
    """What a person may give for an option."""

    TEXT = 3


class OptionChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value to choose, and how it is shown."""

    name: str
    value: str | int | float
    name_localizations: dict[str, str] | None = None


class Option(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is asked for with a command; with `autocomplete`, Discord asks us while the person types.

    `type` is an `OptionType`, or one that only others use.
    """

    type: int
    name: str
    description: str
    required: bool = False
    autocomplete: bool = False
    choices: list[OptionChoice] = []
    max_length: int | None = None
    name_localizations: dict[str, str] | None = None
    description_localizations: dict[str, str] | None = None


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A slash command. `default_member_permissions` are permission bits; 0 is for administrators only."""

    name: str
    description: str
    options: list[Option] = []
    default_member_permissions: int | None = None
    contexts: list[int] | None = None
    name_localizations: dict[str, str] | None = None
    description_localizations: dict[str, str] | None = None


def faults(commands: Sequence[Command]) -> list[Fault]:
    """Return what Discord would refuse, so that a mistake is found before anything is registered."""
    found = [Fault("", f"more than {MOST_COMMANDS} commands")] if len(commands) > MOST_COMMANDS else []
    locales = {locale for command in commands for locale in command.name_localizations or {}}
    for locale in ("", *sorted(locales)):
        names = [(command.name_localizations or {}).get(locale, command.name) for command in commands]
        found += [Fault(name, "declared twice") for name in sorted({name for name in names if names.count(name) > 1})]
    return found + [fault for command in commands for fault in _faults(command)]


def is_registered(declared: Iterable[Command], registered: Iterable[Command]) -> bool:
    """Return whether Discord has just these commands, in whatever order; a guild may create 200 a day, so ask first."""
    wanted = {command.name: command for command in declared}
    there = {command.name: command for command in registered}
    return wanted.keys() == there.keys() and all(_is_same(command, there[name]) for name, command in wanted.items())


def _is_same(declared: Command, registered: Command) -> bool:
    if declared.contexts is None:  # Discord fills in its own
        registered = msgspec.structs.replace(registered, contexts=None)
    return _ordered(declared) == _ordered(registered)


def _ordered(command: Command) -> Command:
    contexts = None if command.contexts is None else sorted(command.contexts)
    return msgspec.structs.replace(command, contexts=contexts)


def _faults(command: Command) -> Iterator[Fault]:
    yield from _naming(command.name, command)
    if len(command.options) > MOST_OPTIONS:
        yield Fault(command.name, f"more than {MOST_OPTIONS} options")
    if (length := sum(map(len, _texts(command)))) > LONGEST_COMMAND:
        yield Fault(command.name, f"{length} characters, at most {LONGEST_COMMAND}")
    required = [option.required for option in command.options]
    if required != sorted(required, reverse=True):
        yield Fault(command.name, "required options come first")
    for option in command.options:
        yield from _option_faults(f"{command.name}.{option.name}", option)


def _option_faults(path: str, option: Option) -> Iterator[Fault]:
    yield from _naming(path, option)
    if len(option.choices) > MOST_CHOICES:
        yield Fault(path, f"more than {MOST_CHOICES} choices")
    if option.choices and option.autocomplete:
        yield Fault(path, "choices and autocomplete exclude each other")


def _naming(path: str, part: Command | Option) -> Iterator[Fault]:
    for name in (part.name, *(part.name_localizations or {}).values()):
        if not _NAME.fullmatch(name) or name != name.lower():
            yield Fault(path, "a name has 1 to 32 lower-case letters, digits, - and _")
    for description in (part.description, *(part.description_localizations or {}).values()):
        if not 1 <= len(description) <= LONGEST_DESCRIPTION:
            yield Fault(path, f"a description has 1 to {LONGEST_DESCRIPTION} characters")


def _texts(command: Command) -> Iterator[str]:
    """Return the texts that count, of each its longest translation."""
    parts: list[Command | Option] = [command, *command.options]
    for part in parts:
        yield _longest(part.name, part.name_localizations)
        yield _longest(part.description, part.description_localizations)
    for choice in (choice for option in command.options for choice in option.choices):
        yield _longest(choice.name, choice.name_localizations)
        yield str(choice.value)


def _longest(text: str, translations: dict[str, str] | None) -> str:
    return max((text, *(translations or {}).values()), key=len)
