"""What each payload of Seerr means."""

from typing import Final

from services.requester.sources.seerr import Ignored, Notice, SeerrUser
from tests.unit.payloads.row import NOW, Row

LUCAS: Final = SeerrUser(username="lucasd", email="user@example.org")
UNKNOWN: Final = Ignored("unknown event 'ISSUE_REPORTED'", known=False)


def issue(event: str, issue_id: int, subject: str, tmdb_id: int, comment: str | None = None) -> Notice:
    return Notice(
        event=event,
        occurred_at=NOW,
        subject=subject,
        media_type="movie",
        tmdb_id=tmdb_id,
        issue_id=issue_id,
        reported_by=LUCAS,
        comment=comment,
    )


def request(event: str, request_id: int, subject: str, tmdb_id: int, by: SeerrUser) -> Notice:
    return Notice(
        event=event,
        occurred_at=NOW,
        subject=subject,
        media_type="movie",
        tmdb_id=tmdb_id,
        request_id=request_id,
        requested_by=by,
    )


JOHN: Final = SeerrUser(username="JohnDoe", email="user@example.com", discord_ids=("123456789",))

NOTICES: Final = {
    "seerr-ISSUE_COMMENT-1": issue("ISSUE_COMMENT", 28, "Bad Moms (2016)", 376659, "some comment"),
    "seerr-ISSUE_COMMENT-2": Notice(
        event="ISSUE_COMMENT",
        occurred_at=NOW,
        subject="Breaking Bad (2008)",
        media_type="tv",
        tmdb_id=1396,
        tvdb_id=81189,
        issue_id=42,
        reported_by=SeerrUser(username="JaneDoe", email="reporter@example.com", discord_ids=("987654321",)),
        comment="I've checked and it's working fine for me.",
    ),
    "seerr-ISSUE_CREATED-1": issue("ISSUE_CREATED", 24, "A Complete Unknown (2024)", 661539),
    "seerr-ISSUE_CREATED-2": issue("ISSUE_CREATED", 24, "A Complete Unknown (2024)", 661539),
    "seerr-ISSUE_CREATED-4": issue("ISSUE_CREATED", 40, "Bad Moms (2016)", 376659),
    "seerr-ISSUE_CREATED-5": issue("ISSUE_CREATED", 50, "Bad Moms (2016)", 376659),
    "seerr-ISSUE_CREATED-7": Notice(
        event="ISSUE_CREATED",
        occurred_at=NOW,
        subject="Severance (2022)",
        media_type="tv",
        tmdb_id=95396,
        tvdb_id=371980,
        issue_id=417,
        reported_by=SeerrUser(username="Alex", email="alex@example.com"),
    ),
    "seerr-ISSUE_CREATED-8": Notice(
        event="ISSUE_CREATED",
        occurred_at=NOW,
        subject="The Devil Wears Prada 2 (2026)",
        media_type="movie",
        tmdb_id=1314481,
        issue_id=1,
        reported_by=SeerrUser(username="...", email="..."),
    ),
    "seerr-ISSUE_REOPENED-1": issue("ISSUE_REOPENED", 40, "Bad Moms (2016)", 376659),
    "seerr-ISSUE_RESOLVED-1": issue("ISSUE_RESOLVED", 30, "Bad Moms (2016)", 376659),
    "seerr-ISSUE_RESOLVED-2": issue("ISSUE_RESOLVED", 28, "Bad Moms (2016)", 376659),
    "seerr-MEDIA_APPROVED-1": request("MEDIA_APPROVED", 150, "The Matrix (1999)", 603, JOHN),
    "seerr-MEDIA_AUTO_APPROVED-1": request(
        "MEDIA_AUTO_APPROVED",
        16,
        "Something (2024)",
        123,
        SeerrUser(username="henk", email="user@example.org", discord_ids=("123",)),
    ),
    "seerr-MEDIA_AVAILABLE-1": request(
        "MEDIA_AVAILABLE",
        150,
        "A House of Dynamite (2025)",
        1290159,
        SeerrUser(username="Betty King", email="user@example.com"),
    ),
    "seerr-MEDIA_DECLINED-1": request("MEDIA_DECLINED", 151, "Terrible Movie (2020)", 999999, JOHN),
    "seerr-MEDIA_PENDING-1": request("MEDIA_PENDING", 1, "Inception (2010)", 27205, SeerrUser(username="admin")),
    "seerr-MEDIA_PENDING-2": Notice(
        event="MEDIA_PENDING",
        occurred_at=NOW,
        subject="Dune: Part Two (2024)",
        media_type="movie",
        tmdb_id=693134,
        request_id=1,
        is_4k=True,
        requested_by=SeerrUser(username="Admin"),
    ),
}

ROWS: Final = (
    *(Row(file=file, event=notice.event, expected=notice) for file, notice in NOTICES.items()),
    Row(file="seerr-ISSUE_REPORTED-1", event="ISSUE_REPORTED", expected=UNKNOWN),
    Row(file="seerr-ISSUE_REPORTED-2", event="ISSUE_REPORTED", expected=UNKNOWN),
    Row(
        file="seerr-TEMPLATE-default-1",
        event="{{notification_type}}",
        expected=Ignored("a template: Seerr did not fill in its placeholders", known=False),
    ),
    Row(file="seerr-TEST_NOTIFICATION-1", event="TEST_NOTIFICATION", expected=Ignored("a test: it arrived")),
)
