"""Where other systems are, and what opens them: asked of the linker, which owns servers and people's accounts."""

import msgspec


class ServerAddress(msgspec.Struct, frozen=True):
    """Where a server is; errors call it by its name."""

    name: str
    url: str
