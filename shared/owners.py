"""The owners of secrets in the vault, named in one place for all services that store or use them."""

from typing import Literal

from shared.keyring import Owner
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Provider
from shared.schemas.users import name_key

TokenKind = Literal["token", "refresh_token"]


def account_token(provider: Provider, *, server: str, account_id: str, purpose: TokenKind = "token") -> Owner:
    """Return the owner of the token of a person's account.

    It is the account and not the person, so the token stays when persons are merged. `server` is the machine id; it is
    empty for accounts that are valid on all servers (plex.tv, Trakt).
    """
    return Owner(kind="account", id=f"{server}/{account_id}", provider=provider, purpose=purpose)


def server_token(name: str, *, type: Provider) -> Owner:  # noqa: A002 (what a server's kind is called everywhere)
    """Return the owner of a configured server's token, or of a Trakt application's secret."""
    return Owner(kind="server", id=name, provider=type, purpose="token")


def server_password_suffix(name: str, *, type: Provider) -> Owner:  # noqa: A002 (likewise)
    """Return the owner of the suffix for the first passwords of a server's users."""
    return Owner(kind="server", id=name, provider=type, purpose="password_suffix")


def sign_in_secret(sign_in_id: str, *, provider: Provider) -> Owner:
    """Return the owner of the secret that redeems an open sign-in."""
    return Owner(kind="sign_in", id=sign_in_id, provider=provider, purpose="redeem")


def reply_token(sign_in_id: str) -> Owner:
    """Return the owner of the token that edits Discord's reply to an open sign-in."""
    return Owner(kind="sign_in", id=sign_in_id, provider="discord", purpose="reply")


def user_password(username: str) -> Owner:
    """Return the owner of the password set for a user in Seerr; hashed, because a name may hold what an id may not."""
    return Owner(kind="user", id=derived_id("user", name_key(username)), provider="seerr", purpose="password")
