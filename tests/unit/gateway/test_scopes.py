"""What a scope includes."""

import pytest

from services.gateway.access.scopes import Scope, implied


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ([], set()),
        (["read"], {"read"}),
        (["write"], {"read", "write"}),
        (["admin"], {"read", "write", "admin"}),
        (["admin", "read"], {"read", "write", "admin"}),
    ],
)
def test_a_scope_includes_those_below_it(given: list[Scope], allowed: set[Scope]) -> None:
    assert implied(given) == allowed
