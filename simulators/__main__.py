"""`python -m simulators`: serves the town on its own ports until stopped.

Prints Usher's settings for it as lines of an `.env` file, and the stage's address as a comment.
"""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack

from simulators.serving import serving
from simulators.stage import Stage
from simulators.town import Town


async def main(port: int, gateway: str) -> None:
    """Serve every system on its own port, from the given one upwards; the stage gets the first."""
    town = Town()
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(serving(Stage(town, gateway), port=port))
        urls = {}
        for number, (name, app) in enumerate(town.apps().items(), start=1):
            urls[name] = await stack.enter_async_context(serving(app, port=port and port + number))
        settings = town.open_at(urls)
        lines = [
            *(f"{name}={value}" for name, value in settings.items()),
            f"# jellyfin {urls['jellyfin']} {town.jellyfin_key}",
            f"# emby {urls['emby']} {town.emby_key}",
            f"# stage {stage}",
        ]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m simulators", description="A town to try Usher on")
    parser.add_argument("--port", type=int, default=0, help="the first port; 0 for any that are free")
    parser.add_argument("--gateway", default="http://127.0.0.1:8000", help="where Discord sends interactions")
    arguments = parser.parse_args()
    try:
        asyncio.run(main(arguments.port, arguments.gateway))
    except KeyboardInterrupt:
        sys.exit(0)
