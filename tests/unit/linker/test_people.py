"""Whose account it is, and above all whose it is not."""

import pytest

from services.linker.people.domain import (
    Holder,
    Key,
    Owner,
    ProvenByAnotherError,
    holder_of,
    key_of,
    keys_of,
    owner_after_proof,
    sole_owner,
)
from shared.schemas.media import Account

OWNER_HERE = Account("plex", "server-a", "1", "anna", is_owner=True)
OWNER_BY_PLEX_ID = Account("plex", "server-a", "4711", "anna", is_owner=True)
FRIEND = Account("plex", "server-a", "26608833", "carl")
GUEST_CALLED_1 = Account("plex", "server-a", "1/Guest", "Guest")
OWNERS = [Owner("server-a", "1"), Owner("server-a", "4711")]


def test_a_plex_account_is_one_on_all_servers() -> None:
    elsewhere = Account("plex", "server-b", "26608833", "carl")

    assert key_of(FRIEND) == key_of(elsewhere) == Key("plex", "", "26608833")


def test_the_owner_alias_is_another_person_on_each_server() -> None:
    assert key_of(OWNER_HERE) != key_of(Account("plex", "server-b", "1", "bert", is_owner=True))


def test_a_jellyfin_user_is_one_on_their_server_only() -> None:
    assert key_of(Account("jellyfin", "j1", "ab", "x")) != key_of(Account("jellyfin", "j2", "ab", "x"))


def test_an_owner_has_both_of_their_keys_once_they_were_seen() -> None:
    keys = keys_of(OWNER_HERE, OWNERS)

    assert keys == keys_of(OWNER_BY_PLEX_ID, OWNERS) == [Key("plex", "", "4711"), Key("plex", "server-a", "1")]


def test_nobody_else_gets_the_owners_keys() -> None:
    owners = {Key("plex", "", "4711"), Key("plex", "server-a", "1")}

    for account in (FRIEND, GUEST_CALLED_1, Account("plex", "server-b", "1", "bert", is_owner=True)):
        assert owners.isdisjoint(keys_of(account, OWNERS))


def test_two_plex_accounts_that_both_own_a_server_are_not_joined() -> None:
    disputed = [*OWNERS, Owner("server-a", "999")]

    assert keys_of(OWNER_HERE, disputed) == [Key("plex", "server-a", "1")]


def test_an_account_without_a_server_has_no_aliases() -> None:
    assert keys_of(Account("plex", "", "4711", "anna", is_owner=True), OWNERS) == [Key("plex", "", "4711")]


def test_keys_of_two_persons_are_nobodys() -> None:
    keys = keys_of(OWNER_HERE, OWNERS)

    one, other = Holder(person_id="p1", by_proof=True), Holder(person_id="p2", by_proof=False)

    assert sole_owner(keys, {keys[0]: one, keys[1]: other}) is None
    assert sole_owner(keys, {keys[1]: other}) == "p2"
    assert sole_owner(keys, {}) is None


def holder(person_id: str, *, by_proof: bool = False) -> Holder:
    return Holder(person_id=person_id, by_proof=by_proof)


@pytest.mark.parametrize(
    ("held_by", "who", "is_unproven", "person_id"),
    [
        (None, None, True, None),
        (None, "me", True, "me"),
        (holder("me"), "me", True, "me"),
        (holder("me", by_proof=True), "me", False, "me"),
        (holder("other"), "me", True, "me"),
        (holder("other"), None, True, "other"),
        (holder("other"), None, False, None),
    ],
)
def test_a_proof_outweighs_what_was_said(
    held_by: Holder | None,
    who: str | None,
    is_unproven: bool,  # noqa: FBT001 (a table)
    person_id: str | None,
) -> None:
    taken = owner_after_proof("plex", held_by, person_id=who, is_for_holder=False, is_unproven=is_unproven)

    assert taken == person_id


@pytest.mark.parametrize("who", ["me", None])
def test_what_somebody_proved_is_taken_from_nobody(who: str | None) -> None:
    with pytest.raises(ProvenByAnotherError, match="this Plex account was proven by somebody else"):
        owner_after_proof("plex", holder("other", by_proof=True), person_id=who, is_for_holder=False, is_unproven=True)


def test_whoever_speaks_for_the_holder_gets_the_holder() -> None:
    for by_proof in (True, False):
        held_by = holder("other", by_proof=by_proof)

        assert owner_after_proof("plex", held_by, person_id=None, is_for_holder=True, is_unproven=False) == "other"


def test_an_account_is_its_own_keys_holders_before_that_of_its_others() -> None:
    main, alias = Key("plex", "", "4711"), Key("plex", "server-a", "1")

    assert holder_of(main, {main: holder("p1"), alias: holder("p2")}) == holder("p1")
    assert holder_of(main, {alias: holder("p2")}) == holder("p2")
    assert holder_of(main, {}) is None
