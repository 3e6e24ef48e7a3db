"""What a scope includes."""

import pytest

from services.gateway.access.scopes import Scope, implied, scopes_to_show


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ([], set()),
        (["self"], {"self"}),
        (["read"], {"self", "read"}),
        (["write"], {"self", "read", "write"}),
        (["admin"], {"self", "read", "write", "admin"}),
        (["admin", "read"], {"self", "read", "write", "admin"}),
    ],
)
def test_a_scope_includes_those_below_it(given: list[Scope], allowed: set[Scope]) -> None:
    assert implied(given) == allowed


@pytest.mark.parametrize(("given", "shown"), [([], []), (["self"], ["self"]), (["self", "write"], ["read", "write"])])
def test_people_are_told_of_self_only_where_it_is_all(given: list[Scope], shown: list[Scope]) -> None:
    assert scopes_to_show(implied(given)) == shown
