"""No account is mistaken for another, least of all for the owner's."""

import pytest

from services.syncer.history.sources.accounts import compact, local_account, plex_account
from shared.schemas.media import Account


def plex(account: object = None, name: object = None, *, user: object = None, owner: object = None) -> Account | None:
    return plex_account(server="abc", account=account, name=name, user=user, owner=owner)


@pytest.mark.parametrize("account", [1, "1", 639131])
def test_the_owner_is_who_plex_calls_user_and_owner(account: object) -> None:
    assert plex(account, "icco", user=True, owner=True) == Account("plex", "abc", str(account), "icco", is_owner=True)


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        (False, True),
        (True, False),
        (False, False),
        (None, True),
        (True, None),
        (None, None),
        ("undefined", "x"),
        (5, 5),
    ],
)
def test_anybody_else_is_not_the_owner_and_not_number_one(user: object, owner: object) -> None:
    assert plex(1, "Guest", user=user, owner=owner) == Account("plex", "abc", "1/Guest", "Guest", is_owner=False)
    assert plex(19267583, "guest", user=user, owner=owner) == Account("plex", "abc", "19267583", "guest")


@pytest.mark.parametrize("account", ["01", " 1 ", "+1", 1.0])
def test_number_one_in_another_spelling_is_number_one(account: object) -> None:
    assert plex(account, "Guest") == Account("plex", "abc", "1/Guest", "Guest")


@pytest.mark.parametrize("account", [None, "", 0, -5, True, "undefined", {}, 2**70, "1e0"])
def test_a_name_stands_in_for_a_missing_id(account: object) -> None:
    assert plex(account, "TestUser") == Account("plex", "abc", "TestUser", "TestUser")


@pytest.mark.parametrize("name", ["1", "19267583", "1/Guest", "name/x", "\u0661", "02700c8344d542619b39319296c0d4c7"])
def test_a_name_that_looks_like_an_id_is_marked(name: str) -> None:
    assert plex(None, name) == Account("plex", "abc", f"name/{name}", name)
    assert local_account("jellyfin", server="abc", account="", name=name) == Account(
        "jellyfin", "abc", f"name/{name}", name
    )


@pytest.mark.parametrize("name", [None, "", " ", 0.5, []])
def test_nobody_is_nobody(name: object) -> None:
    assert plex(None, name) is None
    assert plex(1, name) is None
    assert local_account("emby", server="abc", account=None, name=name) is None


def test_an_account_without_a_name_is_called_by_its_id() -> None:
    assert plex(19267583) == Account("plex", "abc", "19267583", "19267583")
    assert local_account("emby", server=None, account="abc123", name=None) == Account("emby", "", "abc123", "abc123")


def test_a_missing_server_is_empty() -> None:
    assert plex_account(server=None, account=5, name="x", user=True, owner=True) == Account("plex", "", "5", "x", True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2C0D61A7-93f1-a789-57bc-cedd56eea531", "2c0d61a793f1a78957bccedd56eea531"),
        ("2c0d61a793f1a78957bccedd56eea531", "2c0d61a793f1a78957bccedd56eea531"),
        ("4916", "4916"),
        (4916, "4916"),
        ("item-1", "item-1"),
        ("", None),
        (None, None),
    ],
)
def test_an_id_of_jellyfin_has_one_spelling(value: object, expected: str | None) -> None:
    assert compact(value) == expected


def test_one_jellyfin_user_is_one_account_in_both_spellings_of_their_id() -> None:
    short = local_account("jellyfin", server="x", account="02700c8344d542619b39319296c0d4c7", name="Rain")
    long = local_account("jellyfin", server="x", account="02700C83-44D5-4261-9B39-319296C0D4C7", name="Rain")

    assert short == long
