"""How much Discord takes, in characters and pieces.

https://docs.discord.com/developers/resources/message and /components/reference. How often it may be called is
`rate_limits`.
"""

from typing import Final

CONTENT: Final = 2_000
"""Characters of a message's text."""

EMBEDS: Final = 10
EMBED_TITLE: Final = 256
EMBED_DESCRIPTION: Final = 4_096
EMBED_FIELDS: Final = 25
EMBED_FIELD_NAME: Final = 256
EMBED_FIELD_VALUE: Final = 1_024
EMBED_FOOTER: Final = 2_048
EMBEDS_TOGETHER: Final = 6_000
"""Characters of all embeds of a message together."""

ROWS: Final = 5
BUTTONS: Final = 5
BUTTON_LABEL: Final = 80
BUTTON_URL: Final = 512
CUSTOM_ID: Final = 100
CHOICES: Final = 25
CHOICE: Final = 100
"""Characters of a choice's label, of its value, and of its description."""
PLACEHOLDER: Final = 150

LAYOUT_PARTS: Final = 40
"""Components of a message made of components, those inside of others too."""
LAYOUT_TEXT: Final = 4_000
"""Characters of all its texts together."""
SECTION_TEXTS: Final = 3
GALLERY_ITEMS: Final = 10
MEDIA_DESCRIPTION: Final = 1_024
URL: Final = 2_048

FORM_TITLE: Final = 45
FORM_FIELDS: Final = 5
FORM_LABEL: Final = 45
FORM_DESCRIPTION: Final = 100
FORM_PLACEHOLDER: Final = 100
FORM_VALUE: Final = 4_000
