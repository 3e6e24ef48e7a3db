"""Whether Seerr's user of a number is still the one that a person was matched with."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.seerr.domain import Account, MatchContext, SeerrMediaServer
from services.linker.seerr.proofs.domain import Proof, is_same, is_same_row, may_keep, proof_of
from shared.clients.seerr.users import SeerrUser

THEN, LATER = "2026-01-01T10:00:00.000Z", "2026-05-01T10:00:00.000Z"
HERS = SeerrUser(
    id=3, email="anna@example.org", username="anna", user_type=2, permissions=32, display_name="anna", created_at=THEN
)
ON_PLEX = msgspec.structs.replace(HERS, plex_id=42, user_type=1)
PROOF = proof_of(HERS)
OLD_PROOF = Proof(number=3, name="anna")
"""As it was kept before there were proofs."""
AT_MATCH = Proof(number=3, name="anna", matched_at=datetime(2026, 1, 1, 10, tzinfo=UTC))
ANNA = Account(provider="plex", id="42", username="anna", email="anna@example.org")
ALONE = MatchContext()


def changed(user: SeerrUser, **columns: Any) -> SeerrUser:
    return msgspec.structs.replace(user, **columns)


STILL_HERS = [
    ("as she was", HERS, PROOF),
    ("of another name", changed(HERS, username="ann", display_name="ann"), PROOF),
    ("of another address", changed(HERS, email="ann@example.org"), PROOF),
    ("of both, with her account", changed(ON_PLEX, email="a@b.org", display_name="x"), proof_of(ON_PLEX)),
    ("imported since", ON_PLEX, PROOF),
    ("without fractions of a second", changed(HERS, created_at="2026-01-01T10:00:00Z"), PROOF),
    ("promoted since", changed(HERS, permissions=2), PROOF),
    ("of before there were proofs", HERS, OLD_PROOF),
    ("there at the match, called the same", HERS, AT_MATCH),
    ("of who says nothing of when", changed(HERS, created_at=None), PROOF),
]
NOT_HERS = [
    ("gone", None, PROOF),
    ("of another number", changed(HERS, id=4), PROOF),
    ("made later, called the same", changed(HERS, created_at=LATER), PROOF),
    ("made later, of the same account", changed(ON_PLEX, created_at=LATER), proof_of(ON_PLEX)),
    ("made in the same second, called otherwise", changed(HERS, email="ben@x.org", display_name="ben"), PROOF),
    ("of another account since", changed(ON_PLEX, plex_id=43), proof_of(ON_PLEX)),
    ("of another Jellyfin account", changed(HERS, jellyfin_user_id="b"), Proof(number=3, jellyfin_user_id="a")),
    ("an admin of the same name", changed(HERS, permissions=2, email="root@x.org"), PROOF),
    ("an admin, of before there were proofs", changed(HERS, permissions=2), OLD_PROOF),
    ("the owner by number", changed(HERS, id=1, display_name="root"), Proof(number=1, name="anna")),
    ("of before there were proofs, called otherwise", changed(HERS, display_name="ben"), OLD_PROOF),
    ("made after the match, called the same", changed(HERS, created_at=LATER), AT_MATCH),
    ("there at the match, called otherwise", changed(HERS, display_name="ben"), AT_MATCH),
    ("an admin who was there at the match", changed(HERS, permissions=2, display_name="root"), AT_MATCH),
    ("of who is nothing known", HERS, Proof(number=3)),
]


@pytest.mark.parametrize(("user", "proof"), [row[1:] for row in STILL_HERS], ids=[row[0] for row in STILL_HERS])
def test_a_user_is_known_again(user: SeerrUser, proof: Proof) -> None:
    assert is_same(user, proof)
    assert may_keep(user, proof, [ANNA], ALONE)


@pytest.mark.parametrize(("user", "proof"), [row[1:] for row in NOT_HERS], ids=[row[0] for row in NOT_HERS])
def test_another_one_of_the_number_is_not_taken_for_her(user: SeerrUser | None, proof: Proof) -> None:
    assert not is_same(user, proof)
    assert not may_keep(user, proof, [ANNA], ALONE)


def test_a_discord_id_that_usher_wrote_decides_but_not_for_who_has_rights() -> None:
    strange = changed(HERS, created_at=LATER, email="x@y.org", display_name="x")
    proof = msgspec.structs.replace(PROOF, written=("80",))

    assert may_keep(strange, proof, [ANNA], ALONE, discord_ids=["79", "80"])
    assert not may_keep(strange, proof, [ANNA], ALONE, discord_ids=["79"])
    assert not may_keep(strange, PROOF, [ANNA], ALONE, discord_ids=["80"])
    assert not may_keep(changed(strange, permissions=8), proof, [ANNA], ALONE, discord_ids=["80"])
    assert not may_keep(changed(strange, plex_id=7), proof, [ANNA], ALONE, discord_ids=["80"])


def test_an_account_that_is_another_ones_outweighs_all_that_is_the_same() -> None:
    on_jellyfin = changed(HERS, jellyfin_user_id="cd", user_type=3)
    mine = Account(provider="jellyfin", id="ab", username="anna", server="server-1")
    context = MatchContext(media_server=SeerrMediaServer("jellyfin", "server-1"))

    assert not may_keep(changed(HERS, plex_id=7), PROOF, [ANNA], ALONE)
    assert not may_keep(on_jellyfin, proof_of(on_jellyfin), [mine], context)
    assert may_keep(changed(on_jellyfin, jellyfin_user_id="AB"), PROOF, [mine], context)


def test_only_the_row_of_then_had_written_into_it_what_usher_wrote() -> None:
    assert is_same_row(changed(HERS, email="x@y.org", display_name="x"), PROOF)
    assert is_same_row(HERS, OLD_PROOF)
    assert not is_same_row(changed(HERS, created_at=LATER), PROOF)
    assert not is_same_row(None, PROOF)


WORDS = st.none() | st.sampled_from(["", "anna", "Anna ", "anna@x.org", "\u00fc"])


@given(
    st.builds(
        SeerrUser,
        id=st.integers(1, 3),
        email=WORDS,
        username=WORDS,
        plex_id=st.none() | st.integers(1, 3),
        jellyfin_user_id=WORDS,
        permissions=st.sampled_from([0, 2, 32]),
        created_at=st.none() | st.sampled_from([THEN, "", "yesterday"]),
    )
)
def test_who_was_seen_a_moment_ago_is_known_again(user: SeerrUser) -> None:
    assert is_same(user, proof_of(user))
