"""Under which names secrets are in the vault, said once for all services that put them there or need them."""

from typing import Literal

from shared.keyring import Owner
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Provider
from shared.schemas.users import name_key

TokenKind = Literal["token", "refresh_token"]


def account_token(provider: Provider, *, server: str, account_id: str, purpose: TokenKind = "token") -> Owner:
    """Return whose the token of a person's account is: the account's, so that it stays when persons are merged.

    `server` is the machine id, empty where an account is one on all servers (plex.tv, Trakt).
    """
    return Owner(kind="account", id=f"{server}/{account_id}", provider=provider, purpose=purpose)


def server_token(name: str, *, type: Provider) -> Owner:  # noqa: A002 (what a server's kind is called everywhere)
    """Return whose the token of a configured server is, or the secret of a Trakt application."""
    return Owner(kind="server", id=name, provider=type, purpose="token")


def server_password_suffix(name: str, *, type: Provider) -> Owner:  # noqa: A002 (likewise)
    """Return whose the suffix is that makes first passwords of a server's people."""
    return Owner(kind="server", id=name, provider=type, purpose="password_suffix")


def sign_in_secret(sign_in_id: str, *, provider: Provider) -> Owner:
    """Return whose the secret is that a sign-in under way is redeemed with."""
    return Owner(kind="sign_in", id=sign_in_id, provider=provider, purpose="redeem")


def reply_token(sign_in_id: str) -> Owner:
    """Return whose the token is that Discord's reply to a sign-in under way is changed with."""
    return Owner(kind="sign_in", id=sign_in_id, provider="discord", purpose="reply")


def user_password(username: str) -> Owner:
    """Return whose the password is that was set for a user in Seerr; a name may hold what an owner's id may not."""
    return Owner(kind="user", id=derived_id("user", name_key(username)), provider="seerr", purpose="password")
