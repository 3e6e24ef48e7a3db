"""Which user of Seerr a person is, and above all which they are not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.seerr import domain
from services.linker.seerr.domain import Account, Match, MatchContext, NoMatch, SeerrMediaServer, Uncertain
from services.linker.seerr.proofs.domain import may_keep, proof_of
from shared.clients.seerr.users import SeerrUser

ALONE = MatchContext()
ON_JELLYFIN = MatchContext(media_server=SeerrMediaServer("jellyfin", "server-1"))
ANNA = Account(provider="plex", id="42", username="Anna", email="Anna@Example.org")
ANNA_AT_JELLYFIN = Account(provider="jellyfin", id="ab-12", username="anna", server="server-1")


def user(number: int, **columns: Any) -> SeerrUser:
    return SeerrUser(id=number, **{"user_type": 2, "permissions": 32, **columns})


def one_of_jellyfin(number: int, jellyfin_id: str, **columns: Any) -> SeerrUser:
    return user(number, jellyfin_user_id=jellyfin_id, user_type=3, **columns)


HERS = [
    (user(2, plex_id=42), ANNA, ALONE, "id"),
    (user(1, plex_id=42, permissions=2), ANNA, ALONE, "id"),
    (one_of_jellyfin(3, "AB12"), ANNA_AT_JELLYFIN, ON_JELLYFIN, "id"),
    (user(4, email="anna@example.ORG"), ANNA, ALONE, "email"),
    (user(5, username="ANNA"), ANNA, ALONE, "name"),
    (user(6, plex_username="anna "), ANNA, ALONE, "name"),
    (user(7, jellyfin_username="anna"), ANNA, ALONE, "name"),
    (user(8, username="Anna (plex 42)"), ANNA, ALONE, "unique_name"),
    (user(9, username="anna", email="anna"), ANNA, ALONE, "name"),
    (
        user(10, username="ben", email="ben@example.org"),
        Account(provider="plex", id="7", username="Ben"),
        ALONE,
        "name",
    ),
]


@pytest.mark.parametrize(("hers", "account", "context", "by"), HERS)
def test_a_user_is_known_by_id_then_address_then_name(
    hers: SeerrUser, account: Account, context: MatchContext, by: str
) -> None:
    others = [user(90, username="carl", email="carl@example.org", plex_id=77), user(91)]

    assert domain.match([*others, hers], [account], context) == Match(hers, by)  # type: ignore[arg-type]


NOT_HERS = [
    (user(2, plex_id=7, plex_username="anna"), ANNA, ALONE),
    (one_of_jellyfin(3, "cd34", username="anna"), ANNA_AT_JELLYFIN, ON_JELLYFIN),
    (one_of_jellyfin(3, "ab12"), ANNA_AT_JELLYFIN, MatchContext(media_server=SeerrMediaServer("jellyfin", "server-2"))),
    (user(4, jellyfin_user_id="ab12", user_type=4), ANNA_AT_JELLYFIN, ON_JELLYFIN),
    (user(5, username="anna"), ANNA, MatchContext(holders={5: "ben"})),
    (user(6, username="", email=""), Account(provider="plex", id="43", username="", email=""), ALONE),
    (user(7, email="@"), Account(provider="plex", id="43", username="x", email="@"), ALONE),
    (user(8), ANNA, ALONE),
    (user(9, username="anna", email="somebody@else.org"), ANNA, ALONE),
    (user(10, plex_username="anna", email="anna@example.com", user_type=1), ANNA, ALONE),
    (user(11, username="anna", permissions=2, email="root@else.org"), ANNA, ALONE),
]


@pytest.mark.parametrize(("another", "account", "context"), NOT_HERS)
def test_another_one_is_not_taken_for_her(another: SeerrUser, account: Account, context: MatchContext) -> None:
    assert domain.match([another], [account], context) == NoMatch()


DOUBTS = [
    ([user(1, username="anna")], ALONE, "rights over others"),
    ([user(2, username="anna", permissions=8 | 32)], ALONE, "rights over others"),
    ([user(3, email="anna@example.org", permissions=2)], ALONE, "rights over others"),
    ([user(4, email="anna@example.org", plex_id=7)], ALONE, "another's account"),
    ([user(5, email="anna@example.org")], MatchContext(holders={5: "ben"}), "another person's"),
    ([user(6, plex_id=42)], MatchContext(holders={6: "ben"}), "another person's"),
    ([user(7, plex_id=42), user(8, plex_id=42)], ALONE, "several users with this person's accounts: 7, 8"),
    ([user(9, username="anna"), user(10, plex_username="ANNA")], ALONE, "several users of this person's name: 9, 10"),
    ([user(11, username="anna")], MatchContext(contested_names=frozenset({"anna"})), "another person here"),
]


@pytest.mark.parametrize(("users", "context", "reason"), DOUBTS)
def test_what_is_not_certain_is_nobodys(users: list[SeerrUser], context: MatchContext, reason: str) -> None:
    verdict = domain.match(users, [ANNA], context)

    assert isinstance(verdict, Uncertain)
    assert reason in verdict.reason


def test_an_id_outweighs_an_address_and_an_address_a_name() -> None:
    by_id, by_email, by_name = user(4, plex_id=42), user(3, email="anna@example.org"), user(2, username="anna")

    assert domain.match([by_name, by_email, by_id], [ANNA], ALONE) == Match(by_id, "id")
    assert domain.match([by_name, by_email], [ANNA], ALONE) == Match(by_email, "email")


def test_a_name_that_is_free_is_given_to_a_new_user() -> None:
    assert domain.new_name([user(2, username="ben")], [ANNA], ALONE) == "Anna"


@pytest.mark.parametrize(
    ("users", "context"),
    [
        ([user(2, username="anna")], MatchContext(holders={2: "ben"})),
        ([user(2, email="ANNA")], ALONE),
        ([], MatchContext(contested_names=frozenset({"anna"}))),
    ],
)
def test_a_name_that_is_not_free_is_told_apart_by_the_account(users: list[SeerrUser], context: MatchContext) -> None:
    assert domain.new_name(users, [ANNA], context) == "Anna (plex 42)"


def test_a_name_that_looks_like_an_address_claims_none() -> None:
    account = Account(provider="plex", id="9", username="ben@example.org")

    assert domain.new_name([], [account], ALONE) == "ben at example.org (plex 9)"


def test_an_account_on_seerrs_own_server_is_imported_and_no_other() -> None:
    accounts = [ANNA_AT_JELLYFIN, ANNA]
    nameless = Account(provider="plex", id="43", username="kid")

    assert domain.importable_account(accounts, SeerrMediaServer("plex", "m")) is ANNA
    assert domain.importable_account([nameless], SeerrMediaServer("plex", "m")) is None
    assert domain.importable_account(accounts, SeerrMediaServer("plex", None)) is None
    assert domain.importable_account(accounts, SeerrMediaServer("jellyfin", "server-1")) is ANNA_AT_JELLYFIN
    assert domain.importable_account(accounts, SeerrMediaServer("jellyfin", "server-2")) is None
    assert domain.importable_account(accounts, SeerrMediaServer("emby", "server-1")) is None


def test_a_token_goes_only_where_seerr_files_it_under_the_same_user() -> None:
    assert domain.plex_account_of(user(2, plex_id=42, email="anna@example.org"), [ANNA]) is ANNA
    assert domain.plex_account_of(user(2, plex_id=42, email="older@example.org"), [ANNA]) is None
    assert domain.plex_account_of(user(2, email="anna@example.org"), [ANNA]) is ANNA
    assert domain.plex_account_of(user(2, plex_id=7, email="anna@example.org"), [ANNA]) is None
    assert domain.plex_account_of(user(2, email="other@example.org"), [ANNA]) is None


def test_seerr_files_a_sign_in_under_the_account_or_the_address() -> None:
    assert domain.is_sign_in_of(user(1, plex_id=42), ANNA)
    assert domain.is_sign_in_of(user(1, email="ANNA@example.org"), ANNA)
    assert not domain.is_sign_in_of(user(1, plex_id=7, email="owner@example.org"), ANNA)


def test_who_has_the_name_but_another_address_does_not_make_a_doubt_of_who_has_none() -> None:
    another, hers = user(2, username="anna", email="somebody@else.org"), user(3, username="Anna")

    assert domain.match([another, hers], [ANNA], ALONE) == Match(hers, "name")


def test_a_token_that_ends_is_told_from_one_that_lasts() -> None:
    assert domain.is_lasting("xK3-abcDEF_123456789")
    assert not domain.is_lasting("eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl")


NAMES = st.sampled_from(
    ["anna", "Anna", "ben", "ANNA ", "anna@x.org", "anna at x.org", "", "Ünal", "ünal", "a (plex 1)"]
)
EMAILS = st.sampled_from([None, "anna@x.org", "ANNA@X.ORG", "ben@x.org", "anna", "@", ""])
NUMBERS = st.integers(1, 4)
ACCOUNTS = st.lists(
    st.builds(
        Account,
        provider=st.sampled_from(["plex", "jellyfin", "emby"]),
        id=NUMBERS.map(str),
        username=NAMES,
        server=st.sampled_from(["", "s1", "s2"]),
        email=EMAILS,
    ),
    min_size=1,
    max_size=3,
)
USERS = st.lists(
    st.builds(
        SeerrUser,
        id=st.integers(1, 9),
        email=EMAILS,
        username=st.none() | NAMES,
        plex_username=st.none() | NAMES,
        jellyfin_username=st.none() | NAMES,
        plex_id=st.none() | NUMBERS,
        jellyfin_user_id=st.none() | NUMBERS.map(str),
        user_type=st.integers(1, 4),
        permissions=st.sampled_from([0, 2, 16, 32]),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)
CONTEXTS = st.builds(
    MatchContext,
    holders=st.dictionaries(st.integers(1, 9), st.just("another"), max_size=3),
    contested_names=st.frozensets(NAMES.map(domain.fold_name), max_size=2),
    media_server=st.builds(
        SeerrMediaServer, st.sampled_from(["plex", "jellyfin", "emby"]), st.sampled_from([None, "s1"])
    ),
)


@given(USERS, ACCOUNTS, CONTEXTS)
def test_nobody_gets_a_user_of_anothers_or_one_with_rights_without_an_id(
    users: list[SeerrUser], accounts: list[Account], context: MatchContext
) -> None:
    verdict = domain.match(users, accounts, context)

    if isinstance(verdict, Match):
        assert verdict.user in users
        assert verdict.user.id not in context.holders
        assert verdict.by == "id" or (verdict.user.id != 1 and not verdict.user.permissions & 30)
        assert not domain.is_contradicted(verdict.user, accounts, context)
        assert may_keep(verdict.user, proof_of(verdict.user), accounts, context)


@given(USERS, ACCOUNTS, CONTEXTS, st.randoms(use_true_random=False))
def test_the_order_of_users_and_accounts_does_not_matter(
    users: list[SeerrUser], accounts: list[Account], context: MatchContext, random: Any
) -> None:
    verdict = domain.match(users, accounts, context)
    random.shuffle(users)
    random.shuffle(accounts)

    assert domain.match(users, accounts, context) == verdict


@given(USERS, ACCOUNTS, CONTEXTS)
def test_who_was_made_just_now_is_found_again(
    users: list[SeerrUser], accounts: list[Account], context: MatchContext
) -> None:
    if domain.match(users, accounts, context) != NoMatch():
        return
    name, email = domain.new_name(users, accounts, context), domain.address_of(accounts)
    made = user(50, username=name, email=(email or name).lower())

    again = domain.match([*users, made], accounts, context)

    assert name.strip() == name != ""
    assert isinstance(again, Match)
    assert again.user == made


@given(USERS, ACCOUNTS, CONTEXTS)
def test_a_user_who_shares_nothing_with_a_person_is_never_his(
    users: list[SeerrUser], accounts: list[Account], context: MatchContext
) -> None:
    strangers = [
        SeerrUser(id=each.id, email=f"s{each.id}@stranger.org", username=f"stranger {each.id}", plex_id=900 + each.id)
        for each in users
    ]

    assert domain.match(strangers, accounts, context) == NoMatch()
