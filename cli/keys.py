"""`usher keys`: generates encryption keys, shows which are in use, and seals everything with the newest one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import asyncpg
import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cli.errors import print_error
from cli.folder import Folder
from shared.errors import UsherError
from shared.keyring import Keyring, new_key, new_key_id
from shared.schemas.secret import Secret
from shared.settings import SettingsError, expects, load
from shared.vault import KeyUse, Rotation, Vault

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Encryption keys of the stored credentials.")

_FAILED: Final = 1
_USED_WRONGLY: Final = 2
_CONNECT_S: Final = 10.0
_MOST_ROWS: Final = 10_000

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class KeySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the credentials are and the keys that open them; what is not set comes from the data folder."""

    usher_data_dir: Annotated[str, expects("the folder of `usher run`", "./data")] = "./data"
    database_url: Annotated[
        Secret, expects("a PostgreSQL address", "postgresql://usher:password@127.0.0.1:5432/usher")
    ] = Secret("")
    usher_encryption_keys: Annotated[
        Secret, expects("id:base64 of 32 bytes, the newest first, separated by commas", "k1:…")
    ] = Secret("")


def complete_settings(settings: KeySettings, folder: Path) -> KeySettings:
    """Add what `usher run` keeps in its data folder; raise `SettingsError` if it has never run there."""
    return msgspec.structs.replace(
        settings,
        database_url=settings.database_url or _kept_secret(folder / "run/database_url", "DATABASE_URL"),
        usher_encryption_keys=Folder(str(folder)).encryption_keys(settings.usher_encryption_keys)
        or _kept_secret(folder / "secrets/encryption_keys", "USHER_ENCRYPTION_KEYS"),
    )


def _kept_secret(path: Path, variable: str) -> Secret:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{variable} is not set and {path} cannot be read ({type(exc).__name__})") from exc
    if not text:
        raise SettingsError(
            f"{variable} is not set and Usher has never been started with its data in {path.parents[1]}: "
            f"start it with `usher run`, set USHER_DATA_DIR to where it was started, or set {variable}"
        )
    return Secret(text)


@app.command()
def generate(*, json: AsJson = False) -> None:
    """Print a new key, to be put first in USHER_ENCRYPTION_KEYS."""
    key = new_key(new_key_id(datetime.now(UTC))).reveal()
    print(msgspec.json.encode({"key": key}).decode() if json else key)


@app.command()
def status(*, json: AsJson = False) -> None:
    """Show how many credentials each key seals, and which keys are missing."""
    uses = _run(lambda vault: vault.status())
    if json:
        print(msgspec.json.encode({"keys": uses}).decode())
    else:
        Console().print(_table(uses))
    if missing := [use.key_id for use in uses if not use.is_held]:
        _fail(f"USHER_ENCRYPTION_KEYS lacks keys that are in use: {', '.join(missing)}")


@app.command()
def rotate(
    *,
    batch: Annotated[int, typer.Option(min=1, max=_MOST_ROWS, help="Credentials per transaction.")] = 500,
    json: AsJson = False,
) -> None:
    """Seal every credential with the first key, while Usher runs."""
    with _bar() as bar:
        task = bar.add_task("Sealing", total=None)
        done = _run(
            lambda vault: vault.rotate(
                batch=batch, progress=lambda rotated, to_do: bar.update(task, completed=rotated, total=to_do)
            )
        )
    if json:
        print(msgspec.json.encode(done).decode())
    else:
        print(f"{done.rotated} credentials are sealed anew.")
    if done.failed:
        _fail(_failures(done))


def _failures(done: Rotation) -> str:
    more = [f"and {done.failed - len(done.failures)} more"] if done.failed > len(done.failures) else []
    return "\n".join((f"{done.failed} credentials could not be opened and are as they were:", *done.failures, *more))


def _run(ask: Callable[[Vault], Coroutine[object, object, T]]) -> T:
    async def asked() -> T:
        settings = load(KeySettings)
        async with _vault(complete_settings(settings, Path(settings.usher_data_dir))) as vault:
            return await ask(vault)

    try:
        return asyncio.run(asked())
    except SettingsError as exc:
        _fail(exc.detail, status=_USED_WRONGLY)
    except UsherError as exc:
        _fail(exc.detail)
    except asyncpg.UndefinedTableError:
        _fail("The database has no vault yet: start Usher once")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        _fail(f"The database does not answer ({type(exc).__name__}): is Usher running, is DATABASE_URL right?")


@asynccontextmanager
async def _vault(settings: KeySettings) -> AsyncIterator[Vault]:
    keyring = Keyring.parse(settings.usher_encryption_keys)
    try:
        pool = await asyncpg.create_pool(settings.database_url.reveal(), min_size=1, max_size=2, timeout=_CONNECT_S)
    except ValueError as exc:
        raise SettingsError("DATABASE_URL is not a PostgreSQL address") from exc
    async with pool:
        yield Vault(pool, keyring)


def _table(uses: list[KeyUse]) -> Table:
    table = Table("Key", "Credentials", "In USHER_ENCRYPTION_KEYS")
    for use in uses:
        held = "no: missing" if not use.is_held else "yes, seals" if use.is_first else "yes, opens"
        table.add_row(use.key_id, str(use.rows), held)
    return table


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _fail(text: str, *, status: int = _FAILED) -> NoReturn:
    print_error(text, by="")
    raise typer.Exit(status)
