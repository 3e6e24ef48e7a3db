import socket

import pytest

from cli.embedded.program import free_port


def test_a_port_that_was_chosen_is_handed_to_nobody_else() -> None:
    port = free_port()

    with socket.socket() as thief, pytest.raises(OSError, match="in use"):
        thief.bind(("127.0.0.1", port))


def test_the_server_that_a_port_was_chosen_for_listens_on_it_as_often_as_it_starts() -> None:
    port = free_port()

    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)):
            socket.create_connection(("127.0.0.1", port)).close()
