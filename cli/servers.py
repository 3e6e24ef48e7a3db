"""`usher servers`: the Plex, Jellyfin and Emby servers, and Seerr. Tokens are asked for, never given as arguments."""

from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from cli import secrets
from cli.client import Usher, ask, path
from cli.errors import BadUsageError
from cli.output import AsJson, show, show_json, show_table
from cli.secrets import SecretFile

SEERR: Final = "Seerr"
COLUMNS: Final = {
    "Name": "name",
    "Type": "type",
    "Address": "url",
    "On": "enabled",
    "Answers": "reachable",
    "Version": "version",
    "Users": "user_count",
    "Token": "token",
    "Problem": "problem",
}
FINDINGS: Final = {"Server": "server", "": "works", "Finding": "text", "How to mend it": "mend"}
DRY_RUN: Final = "?dry_run=true"
_MOST: Final = 200

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Show, add, remove and test Plex, Jellyfin, Emby and Seerr."
)


class Kind(StrEnum):
    """The kinds of servers."""

    PLEX = "plex"
    JELLYFIN = "jellyfin"
    EMBY = "emby"
    SEERR = "seerr"


Name = Annotated[str, typer.Argument(help="The server's name.")]


@app.command(name="list")
def list_servers(*, json: AsJson = False) -> None:
    """List the servers with the result of their last check."""
    page = ask(_all)
    if json:
        show_json(page)
    else:
        show(page | {"items": _rows(page)}, COLUMNS, json=False)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name; Seerr is always called Seerr.")],
    *,
    kind: Annotated[Kind, typer.Option("--type", help="What it is.")],
    url: Annotated[str, typer.Option(help="Its address, for example http://192.168.1.10:32400")],
    token_file: SecretFile = None,
    password_suffix_file: Annotated[
        str | None, typer.Option(help="A file with the suffix of its users' first passwords.", metavar="FILE")
    ] = None,
    request_limit: Annotated[int | None, typer.Option(min=0, help="Requests that its users may make.")] = None,
    machine_id: Annotated[str | None, typer.Option(help="Only if this server answers there.")] = None,
    include_owner: Annotated[
        bool, typer.Option("--include-owner", help="Treat its owner as one of its users.")
    ] = False,
    library: Annotated[list[str] | None, typer.Option(help="Only this library; may be given several times.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Do not use it yet.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only test it.")] = False,
    json: AsJson = False,
) -> None:
    """Test a server and add it. Its token or API key is asked for, or read from a file or standard input."""
    if kind is Kind.SEERR:
        _refuse_for_seerr(
            name,
            {
                "--password-suffix-file": password_suffix_file is not None,
                "--request-limit": request_limit is not None,
                "--machine-id": machine_id is not None,
                "--include-owner": include_owner,
                "--library": bool(library),
            },
        )
    token = secrets.read_secret("API key" if kind is Kind.SEERR else "Token", file=token_file).reveal()
    if kind is Kind.SEERR:
        seerr = {"url": url, "api_key": token, "enabled": not off}
        _show_seerr(ask(lambda usher: put_seerr(usher, seerr, dry_run=dry_run)), json=json)
        return
    suffix = None if password_suffix_file is None else secrets.read_secret("Password suffix", file=password_suffix_file)
    server = {
        "name": name,
        "type": kind.value,
        "url": url,
        "token": token,
        "enabled": not off,
        "password_suffix": None if suffix is None else suffix.reveal(),
        "request_limit": request_limit,
        "machine_identifier": machine_id,
        "include_owner": include_owner,
        "libraries": library or [],
    }
    show(ask(lambda usher: post_server(usher, server, dry_run=dry_run)), COLUMNS, json=json)


@app.command()
def remove(name: Name, *, json: AsJson = False) -> None:
    """Remove a server with its token; `Seerr` is Seerr."""
    if _is_seerr(name):
        _remove_seerr(json=json)
        return
    removed = ask(lambda usher: usher.delete(path("api", "mediaservers", name)))
    if json:
        show_json(removed)
    elif accounts := removed["linked_accounts"]:
        print(f"{name} is gone. {accounts} linked accounts on it are of no use without it.")
    else:
        print(f"{name} is gone.")


@app.command(name="test")
def try_out(
    name: Annotated[str | None, typer.Argument(help="A server's name; by default, all.")] = None,
    *,
    json: AsJson = False,
) -> None:
    """Test a server, or all of them, now: what works, what does not, and how to fix it."""
    tests = ask(lambda usher: _tests(usher, name))
    if json:
        show_json({"items": tests})
    else:
        show_table([{"server": each["name"], **found} for each in tests for found in each["findings"]], FINDINGS)
    raise typer.Exit(0 if all(each["works"] for each in tests) else 1)


def _refuse_for_seerr(name: str, given: dict[str, bool]) -> None:
    if not _is_seerr(name):
        raise BadUsageError(f"NAME is {name[:80]!r}: Seerr is always called {SEERR}")
    for option, is_given in given.items():
        if is_given:
            raise BadUsageError(f"{option} does not apply to Seerr: leave it out")


def _remove_seerr(*, json: bool) -> None:
    removed = ask(lambda usher: usher.delete("/api/seerr"))
    if json:
        show_json(removed)
    elif people := removed["people"]:
        print(f"{SEERR} is gone. {people} people had a user there, who stays in Seerr.")
    else:
        print(f"{SEERR} is gone.")


def _is_seerr(name: str) -> bool:
    return name.lower() == SEERR.lower()


async def post_server(usher: Usher, server: dict[str, Any], *, dry_run: bool) -> Any:
    """Add a server, or only test it; return its state now, or as it would be."""
    return await usher.post(f"/api/mediaservers{DRY_RUN if dry_run else ''}", **server)


async def put_seerr(usher: Usher, seerr: dict[str, Any], *, dry_run: bool) -> Any:
    """Set up the connection to Seerr, or only test it; return its state now, or as it would be."""
    return await usher.put(f"/api/seerr{DRY_RUN if dry_run else ''}", **seerr)


async def _all(usher: Usher) -> Any:
    page = await usher.get("/api/mediaservers", limit=_MOST)
    return {**page, "seerr": await usher.get("/api/seerr")}


async def _tests(usher: Usher, name: str | None) -> list[Any]:
    if name is not None and not _is_seerr(name):
        return [await usher.post(path("api", "mediaservers", name, "test"))]
    names = [] if name else [each["name"] for each in (await usher.get("/api/mediaservers", limit=_MOST))["items"]]
    tests = [await usher.post(path("api", "mediaservers", each, "test")) for each in names]
    seerr = await usher.get("/api/seerr")
    return [*tests, seerr_test(seerr)] if seerr["url"] or name else tests


def seerr_test(seerr: dict[str, Any]) -> dict[str, Any]:
    """Return Seerr's state in the form of a server's test."""
    if not seerr["url"]:
        problem, mend = "none is set up", "`usher servers add Seerr --type seerr --url …`"
    else:
        problem, _, mend = ((seerr["enabled"] and seerr["problem"]) or "").partition(": ")
    text = problem or (_answers(seerr) if seerr["enabled"] else "it is turned off, and was not asked")
    finding = {"aspect": "server", "works": not problem, "text": text, "mend": mend}
    return {"name": SEERR, "works": not problem, "reachable": bool(seerr["reachable"]), "findings": [finding]}


def _answers(seerr: dict[str, Any]) -> str:
    return f"{SEERR} {seerr['version']} answers, with {seerr['user_count']} users"


def _rows(page: dict[str, Any]) -> list[Any]:
    seerr = page["seerr"]
    return [*page["items"], *([_seerr_row(seerr)] if seerr["url"] else [])]


def _seerr_row(seerr: dict[str, Any]) -> dict[str, Any]:
    return {**seerr, "name": SEERR, "type": "seerr", "token": seerr["api_key"]}


def _show_seerr(seerr: dict[str, Any], *, json: bool) -> None:
    show(seerr if json else _seerr_row(seerr), COLUMNS, json=json)
