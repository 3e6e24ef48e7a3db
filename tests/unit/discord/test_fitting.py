"""Discord refuses a message as a whole for one part that is too long, so whatever is said is made to fit."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.discord import limits
from shared.discord.components import (
    Button,
    ButtonStyle,
    Choice,
    Container,
    Form,
    GalleryItem,
    Label,
    Media,
    MediaGallery,
    Menu,
    Row,
    Section,
    Separator,
    TextDisplay,
    TextInput,
    Thumbnail,
)
from shared.discord.fitting import fit, fit_form
from shared.discord.messages import LAYOUT, Embed, Field, Footer, Message, body, layout
from shared.discord.responses import opened
from shared.errors import InvalidError
from simulators.discord import components as discords_components
from simulators.discord import messages as discords_messages

PIECES: Final = st.sampled_from(
    ["a", "b c", "\n", " ", "😀", "é", "\ud83d", "\ude00", "**", "x" * 90, "😀" * 60, "y" * 1500]
)


def texts(*, most: int = 6) -> st.SearchStrategy[str]:
    return st.lists(PIECES, max_size=most).map("".join)


ADDRESSES: Final = st.sampled_from(
    [
        "https://app.plex.tv/x",
        "http://h/" + "p" * 500,
        "https://h/" + "p" * 2_100,
        "javascript:x",
        "",
        "https://h/\ud83d",
    ]
)
MEDIA: Final = ADDRESSES.map(Media)
IDS: Final = st.sampled_from(["a", "b", "c", "linker:x:1", "", " ", "z" * 101, "\ud83d"])
BUTTONS: Final = st.builds(
    Button, style=st.sampled_from(ButtonStyle), label=texts(), custom_id=st.none() | IDS, url=st.none() | ADDRESSES
)
CHOICES: Final = st.builds(
    Choice,
    label=texts(),
    value=IDS | st.integers(0, 40).map(str),
    description=st.none() | texts(),
    default=st.booleans(),
)
NUMBERS: Final = st.none() | st.integers(-2, 30)
MENUS: Final = st.builds(
    Menu,
    custom_id=IDS,
    options=st.lists(CHOICES, max_size=30).map(tuple),
    placeholder=st.none() | texts(),
    min_values=NUMBERS,
    max_values=NUMBERS,
)
ROWS: Final = st.lists(BUTTONS | MENUS, max_size=7).map(tuple).map(Row)
SHOWN: Final = texts(most=4).map(TextDisplay)
PARTS: Final = st.one_of(
    ROWS,
    SHOWN,
    st.builds(
        Section,
        components=st.lists(SHOWN, max_size=4).map(tuple),
        accessory=BUTTONS | st.builds(Thumbnail, media=MEDIA, description=st.none() | texts()),
    ),
    st.lists(st.builds(GalleryItem, media=MEDIA, description=st.none() | texts()), max_size=12)
    .map(tuple)
    .map(MediaGallery),
    st.builds(Separator, divider=st.booleans(), spacing=st.integers(0, 3)),
)
CONTAINERS: Final = st.builds(
    Container, components=st.lists(PARTS, max_size=12).map(tuple), accent_color=st.none() | st.just(0xE5A00D)
)
EMBEDS: Final = st.builds(
    Embed,
    title=st.none() | texts(),
    description=st.none() | texts(),
    url=st.none() | ADDRESSES,
    fields=st.lists(st.builds(Field, name=texts(), value=texts()), max_size=30).map(tuple),
    footer=st.none() | texts().map(Footer),
)
LEGACY: Final = st.builds(
    Message,
    content=texts(),
    embeds=st.lists(EMBEDS, max_size=12).map(tuple),
    components=st.lists(ROWS, max_size=7).map(tuple),
)
LAYOUTS: Final = st.builds(
    Message,
    content=st.just("") | texts(),
    embeds=st.just(()) | st.lists(EMBEDS, max_size=2).map(tuple),
    components=st.lists(PARTS | CONTAINERS, max_size=20).map(tuple),
    flags=st.just(LAYOUT),
)
FORMS: Final = st.builds(
    Form,
    custom_id=st.just("syncer:search"),
    title=texts(),
    components=st.lists(
        st.builds(
            Label,
            label=texts(),
            description=st.none() | texts(),
            component=MENUS
            | st.builds(
                TextInput,
                custom_id=IDS,
                style=st.sampled_from([1, 2]),
                value=st.none() | texts(),
                placeholder=st.none() | texts(),
                min_length=NUMBERS,
                max_length=NUMBERS,
            ),
        ),
        max_size=7,
    ).map(tuple),
)


def buttons(count: int, *, start: int = 0) -> tuple[Button, ...]:
    numbers = range(start, start + count)
    return tuple(Button(style=ButtonStyle.PRIMARY, label=f"b{number}", custom_id=f"a:b:{number}") for number in numbers)


@given(LEGACY | LAYOUTS)
def test_whatever_is_said_discord_takes_it(message: Message) -> None:
    fitted = fit(message)

    discords_messages.check(_json(body(fitted)), to_create=True)
    assert fit(fitted) == fitted


@given(FORMS)
def test_whatever_is_asked_discord_takes_it(form: Form) -> None:
    try:
        fitted = fit_form(form)
    except InvalidError:
        return

    discords_components.check_form(_json(opened(msgspec.Raw(msgspec.json.encode(fitted))).data))
    assert fit_form(fitted) == fitted


def _json(value: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def test_what_fits_stays_as_it_is() -> None:
    message = Message(content="é" * limits.CONTENT, components=(Row(buttons(5)),))

    assert fit(message) == message


def test_a_long_list_loses_its_last_lines() -> None:
    lines = [f"- {number:03} {'x' * 94}\n" for number in range(30)]

    assert fit(Message(content="".join(lines))).content == "".join(lines[:19]) + "…"


def test_a_message_that_says_nothing_says_so() -> None:
    assert fit(Message(content=" \n")).content == "…"
    assert fit(layout(TextDisplay(" "), Container(components=()))).components == (TextDisplay("…"),)


def test_embeds_share_their_room_and_the_later_ones_are_cut() -> None:
    fitted = fit(Message(embeds=(Embed(description="a" * 4_096), Embed(title="b", description="c" * 4_096))))

    assert [len(embed.description or "") for embed in fitted.embeds] == [4_096, 6_000 - 4_096 - 1]


def test_a_choice_whose_value_is_too_long_is_left_out_rather_than_changed() -> None:
    menu = Menu(custom_id="m", options=(Choice(label="one", value="v" * 101), Choice(label="two" * 50, value="2")))

    (row,) = fit(Message(components=(Row((menu,)),))).components

    assert row == Row((Menu(custom_id="m", options=(Choice(label=f"{('two' * 50)[:99]}…", value="2"),)),))


def test_buttons_keep_their_place_below_a_text_that_is_too_long() -> None:
    fitted = fit(layout(TextDisplay("line\n" * 2_000), Row(buttons(2))))

    text, row = fitted.components
    assert isinstance(text, TextDisplay)
    assert len(text.content) + len("b0b1") <= limits.LAYOUT_TEXT
    assert row == Row(buttons(2))


def test_a_section_whose_picture_has_no_address_keeps_its_text() -> None:
    section = Section(components=(TextDisplay("Heat"),), accessory=Thumbnail(Media("")))

    assert fit(layout(section)).components == (TextDisplay("Heat"),)


@pytest.mark.parametrize("component", [TextDisplay("x"), Container(components=(TextDisplay("x"),))])
def test_text_beside_components_becomes_one(component: TextDisplay | Container) -> None:
    fitted = fit(Message(content="Hello", embeds=(Embed(title="Heat"),), components=(component,)))

    assert (fitted.content, fitted.embeds, fitted.flags) == ("", (), LAYOUT)
    assert fitted.components[0] == TextDisplay("Hello")
    assert body(fitted)["content"] is None


def test_a_form_without_fields_is_a_mistake() -> None:
    with pytest.raises(InvalidError):
        fit_form(Form(custom_id="syncer:search", title="Search", components=()))
