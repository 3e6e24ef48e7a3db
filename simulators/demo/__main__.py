"""`make demo`: Usher in a town of stand-ins whose people watch things, until Ctrl-C. It leaves nothing behind."""

import argparse
import asyncio
import os
import signal
import socket
import sys
import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from cli.embedded.program import free_port
from simulators.demo import guide
from simulators.demo.guide import Addresses
from simulators.demo.servers import add_servers
from simulators.demo.trickle import trickle
from simulators.demo.usher import DownError, Usher
from simulators.serving import serving
from simulators.stage import Stage
from simulators.town import Town
from simulators.viewers import Viewers

PORT: Final = 8400
KEY: Final = "usha_demo-key-that-opens-this-town-and-no-other"
WEBHOOK_SECRET: Final = "ushw_demo-secret-of-this-town-and-of-no-other"  # noqa: S105 (of a town that is gone at the end)
PASSWORD: Final = "demo-password"  # noqa: S105
_TO_THE_STAGE: Final = 10
"""The ports from the gateway's to the stage's; those in between are for the other services' monitor pages."""


_OWN: Final = {
    "USHER_HOST": "127.0.0.1",
    "USHER_API_KEY": KEY,
    "USHER_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "USHER_ADMIN_PASSWORD": PASSWORD,
    "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),  # noqa: TID251 (handed on)
}


async def main(port: int, every: timedelta) -> int:
    """Run until stopped; return the exit status."""
    stop, failures = asyncio.Event(), list[str]()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="usher-demo-", ignore_cleanup_errors=True) as name:
        os.chdir(name)  # an `.env` file elsewhere may configure real systems
        try:
            async with asyncio.TaskGroup() as tasks:
                demo = tasks.create_task(_demo(Path(name) / "data", port, every, tasks))
                await stop.wait()
                demo.cancel()
        except* DownError as group:
            failures += [str(error) for error in group.exceptions]
    _say("".join(f"demo: {failure}\n" for failure in failures) or "The demo is over.\n")
    return 1 if failures else 0


async def _demo(folder: Path, port: int, every: timedelta, tasks: asyncio.TaskGroup) -> None:
    gateway = _free(port) or free_port()
    town = Town()
    async with AsyncExitStack() as stack:
        first = port + _TO_THE_STAGE
        stage = await stack.enter_async_context(serving(Stage(town, f"http://127.0.0.1:{gateway}"), port=_free(first)))
        urls = {}
        for number, (name, app) in enumerate(town.apps().items(), start=first + 1):
            urls[name] = await stack.enter_async_context(serving(app, port=_free(number)))
        usher = Usher(folder, port=gateway, variables={**town.open_at(urls), **_OWN}, key=KEY)
        usher.start()
        stack.push_async_callback(usher.stop)
        watch = tasks.create_task(usher.watch())
        stack.callback(watch.cancel)
        await usher.ready()
        await add_servers(usher.url, KEY, town, urls)
        _say(guide.text(_addresses(usher, stage, urls, folder), command=_command()))
        viewers = Viewers(town, Random(1))  # noqa: S311 (of who watches what)
        await trickle(viewers, usher.url, WEBHOOK_SECRET, every=every)


def _addresses(usher: Usher, stage: str, urls: dict[str, str], folder: Path) -> Addresses:
    return Addresses(
        usher=usher.url, stage=stage, plex_tv=urls["plex_tv"], folder=str(folder), key=KEY, password=PASSWORD
    )


def _command() -> str:
    installed = Path(sys.executable).with_name("usher")
    return str(installed) if installed.exists() else f"{sys.executable} -m cli"


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _free(port: int) -> int:
    """Return the port, or 0 (any port) if it is taken."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return 0
    return port


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m simulators.demo", description="Usher in a town of stand-ins")
    parser.add_argument("--port", type=int, default=PORT, help="the gateway's; the town's come after it")
    parser.add_argument(
        "--every",
        type=float,
        default=4.0,
        help="seconds from one thing that happens to the next; 0: none but the first",
    )
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.port, timedelta(seconds=arguments.every))))
