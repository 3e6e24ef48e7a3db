"""Messages made of components, and forms, match Discord's description."""

from typing import Any, Final

import msgspec
import pytest

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
from shared.discord.messages import body, layout
from shared.discord.responses import opened
from tests.contract.openapi import spec
from tests.documents import needs_specs

pytestmark = needs_specs

DESCRIPTION: Final = "discord-openapi.json"
PICTURE: Final = Media("https://example.com/a.png")
MENU: Final = Menu(
    custom_id="season",
    options=(Choice(label="Season 1", value="1", description="10 episodes", default=True),),
    placeholder="Which?",
    min_values=0,
    max_values=1,
)
CARD: Final = Container(
    accent_color=0xE5A00D,
    components=(
        Section(components=(TextDisplay("Heat"),), accessory=Thumbnail(PICTURE, "A poster")),
        Separator(divider=False, spacing=2),
        MediaGallery((GalleryItem(PICTURE, "A picture"),)),
        Row((Button(style=ButtonStyle.SUCCESS, label="Request", custom_id="requester:request:949", disabled=True),)),
        Row((MENU,)),
    ),
)
REASON: Final = TextInput(
    custom_id="reason", style=2, value="Too old", placeholder="Because", required=False, min_length=2, max_length=100
)
FORM: Final = Form(
    custom_id="requester:decline:5",
    title="Decline",
    components=(
        Label(label="Why?", description="They are told.", component=REASON),
        Label(label="Season", component=msgspec.structs.replace(MENU, required=False)),
    ),
)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("IncomingWebhookUpdateRequestPartial", body(layout(TextDisplay("Hello"), CARD))),
        ("ModalInteractionCallbackRequest", opened(msgspec.Raw(msgspec.json.encode(FORM)))),
    ],
)
def test_what_is_sent_is_described(schema: str, value: Any) -> None:
    sent = msgspec.json.decode(msgspec.json.encode(value))

    assert spec(DESCRIPTION).faults(spec(DESCRIPTION).schema(schema), sent) == []
