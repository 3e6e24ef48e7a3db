"""What the syncer says in Discord, as messages. Titles and names are other people's words, and shown as they are."""

from typing import Final

from shared.discord.custom_ids import custom_id
from shared.discord.markdown import ago, escaped
from shared.discord.messages import Button, ButtonStyle, Embed, Footer, Message, Row
from shared.schemas.history import PersonRef, Play, PlayPage

HISTORY: Final = "history"
_SERVICE: Final = "syncer"
_NAME: Final = 60


def history_of(person: PersonRef, page: PlayPage) -> Message:
    """Return a page of plays, with buttons to the pages around it."""
    title = f"What {escaped(person.name, limit=_NAME)} watched"
    if not page.items:
        nothing = "Nothing yet." if not page.total else "There is nothing before that."
        return Message(embeds=(Embed(title=title, description=nothing),))
    last = page.offset + len(page.items)
    embed = Embed(
        title=title,
        description="\n".join(_line(play) for play in page.items),
        footer=Footer(f"{page.offset + 1} to {last} of {page.total}"),
    )
    buttons = _buttons(person, page, last)
    return Message(embeds=(embed,), components=(Row(buttons),) if buttons else ())


def _buttons(person: PersonRef, page: PlayPage, last: int) -> tuple[Button, ...]:
    newer = max(0, page.offset - page.limit)
    around = [("Newer", newer)] if page.offset else []
    around += [("Older", last)] if last < page.total else []
    return tuple(
        Button(style=ButtonStyle.SECONDARY, label=label, custom_id=custom_id(_SERVICE, HISTORY, person.id, offset))
        for label, offset in around
    )


def _line(play: Play) -> str:
    return f"{ago(play.watched_at)} **{_title(play)}** on {play.source.capitalize()}"


def _title(play: Play) -> str:
    name = escaped(play.title, limit=_NAME)
    if play.type == "movie":
        return f"{name} \\({play.year}\\)" if play.year else name
    number = f"S{play.season:02d}E{play.episode:02d}" if play.season is not None and play.episode is not None else ""
    return " ".join(filter(None, (escaped(play.show, limit=_NAME), number, name)))
