"""The vault owners of all secrets, defined in one place for the services that store and use them."""

from typing import Literal

from shared.keyring import Owner
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Provider
from shared.schemas.users import name_key

TokenKind = Literal["token", "refresh_token"]


def account_token(provider: Provider, *, server: str, account_id: str, purpose: TokenKind = "token") -> Owner:
    """Return the vault owner of an account's token.

    The token belongs to the account and not to the person, so it stays when people are merged. `server` is the machine
    id, empty for accounts that are valid on all servers (plex.tv, Trakt).
    """
    return Owner(kind="account", id=f"{server}/{account_id}", provider=provider, purpose=purpose)


def server_token(name: str, *, type: Provider) -> Owner:  # noqa: A002 (the name used for it everywhere)
    """Return the vault owner of a configured server's token, or of a Trakt application's secret."""
    return Owner(kind="server", id=name, provider=type, purpose="token")


def server_password_suffix(name: str, *, type: Provider) -> Owner:  # noqa: A002 (likewise)
    """Return the vault owner of the suffix for the first passwords of a server's users."""
    return Owner(kind="server", id=name, provider=type, purpose="password_suffix")


def sign_in_secret(sign_in_id: str, *, provider: Provider) -> Owner:
    """Return the vault owner of the secret that redeems an open sign-in."""
    return Owner(kind="sign_in", id=sign_in_id, provider=provider, purpose="redeem")


def reply_token(sign_in_id: str) -> Owner:
    """Return the vault owner of the token that edits Discord's reply to an open sign-in."""
    return Owner(kind="sign_in", id=sign_in_id, provider="discord", purpose="reply")


def user_password(username: str) -> Owner:
    """Return the vault owner of a user's password in Seerr; hashed, as names have characters that ids may not."""
    return user_password_of(user_id(username))


def user_password_of(user_id: str) -> Owner:
    """Return the same for a user who is known by `user_id`."""
    return Owner(kind="user", id=user_id, provider="seerr", purpose="password")


def user_id(username: str) -> str:
    """Return what identifies a user without saying the name."""
    return derived_id("user", name_key(username))
