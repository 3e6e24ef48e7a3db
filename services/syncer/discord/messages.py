"""What the syncer says in Discord, as messages. Titles and names are other people's words, and shown as they are."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from services.syncer.discord.views import LONGEST_SEARCH, View
from shared.discord.components import Button, ButtonStyle, Container, Form, Label, Row, TextDisplay, TextInput
from shared.discord.markdown import ago, escaped
from shared.discord.messages import Message, layout
from shared.schemas.history import PersonRef, Play, PlayPage

TITLE: Final = "title"
"""The field of the form."""
_NAME: Final = 60


def history_of(person: PersonRef, page: PlayPage, *, search: str = "") -> Message:
    """Return a page of plays, with buttons to the pages around it and to a search."""
    view = View(person=person.id, offset=page.offset, search=search)
    buttons = tuple(_buttons(view, page))
    texts = tuple(TextDisplay(text) for text in _texts(person, page, search=search))
    return layout(Container(components=(*texts, Row(buttons)) if buttons else texts))


def search_in(person: PersonRef, view: View) -> Form:
    """Return the form that asks what to search for; what was searched for last stands there."""
    field = TextInput(custom_id=TITLE, style=1, value=view.search or None, required=False, max_length=LONGEST_SEARCH)
    label = Label(label="Title or show", description="Leave it empty to see everything.", component=field)
    return Form(custom_id=view.form_id(), title=f"Search what {person.name} watched", components=(label,))


def _texts(person: PersonRef, page: PlayPage, *, search: str) -> Iterator[str]:
    yield f"### What {escaped(person.name, limit=_NAME)} watched"
    if search:
        yield f"With **{escaped(search)}** in the title or show"
    if page.items:
        yield "\n".join(_line(play) for play in page.items)
        yield f"-# {page.offset + 1} to {page.offset + len(page.items)} of {page.total}"
    elif page.total:
        yield "There is nothing before that."
    else:
        yield "Nothing matches." if search else "Nothing yet."


def _buttons(view: View, page: PlayPage) -> Iterator[Button]:
    last = page.offset + len(page.items)
    if page.items and page.offset:
        newer = replace(view, offset=max(0, page.offset - page.limit))
        yield Button(style=ButtonStyle.SECONDARY, label="Newer", custom_id=newer.page_id())
    if page.items and last < page.total:
        older = replace(view, offset=last)
        yield Button(style=ButtonStyle.SECONDARY, label="Older", custom_id=older.page_id())
    if page.total or view.search:
        yield Button(style=ButtonStyle.SECONDARY, label="Search", custom_id=view.form_id())


def _line(play: Play) -> str:
    return f"{ago(play.watched_at)} **{_title(play)}** on {play.source.capitalize()}"


def _title(play: Play) -> str:
    name = escaped(play.title, limit=_NAME)
    if play.type == "movie":
        return f"{name} \\({play.year}\\)" if play.year else name
    number = f"S{play.season:02d}E{play.episode:02d}" if play.season is not None and play.episode is not None else ""
    return " ".join(filter(None, (escaped(play.show, limit=_NAME), number, name)))
