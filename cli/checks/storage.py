"""Does the data folder belong to us, is it closed to others, and does it have space?"""

import os
import shutil
import stat
from typing import Final

from cli.checks.finding import Finding, fail, ok, warn
from cli.folder import ENCRYPTION_KEYS, LOCAL_API_KEY, Folder
from cli.supervisor.disk import ROOM

FULL: Final = 256 * 1024 * 1024
NEARLY_FULL: Final = 2 * 1024 * 1024 * 1024
_OTHERS: Final = 0o077


def check_folder(folder: Folder) -> list[Finding]:
    """Check the folder and who can read its secrets."""
    subject = "data folder"
    if not folder.path.exists():
        return [warn(subject, f"{folder.path} is not there", "start Usher once, or set USHER_DATA_DIR")]
    if not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
        owner = folder.path.owner()
        return [fail(subject, f"{folder.path} belongs to {owner} and is closed to us", f"run Usher as {owner}")]
    secret = [folder.secrets, folder.secrets / ENCRYPTION_KEYS, folder.secrets / LOCAL_API_KEY]
    open_ones = [path for path in secret if path.exists() and stat.S_IMODE(path.stat().st_mode) & _OTHERS]
    findings = [
        fail(subject, f"{path} can be read by others", f"chmod go= {path}; think about new keys") for path in open_ones
    ]
    return [
        *(findings or [ok(subject, f"{folder.path} is ours, its secrets are closed to others")]),
        check_room(folder),
    ]


def check_room(folder: Folder) -> Finding:
    """Check the free space."""
    free = shutil.disk_usage(folder.path).free
    text = f"{free / 1024**3:.1f} GiB are free for {folder.path}"
    if free < ROOM:
        full = f"the disk is full: {free / 1024**2:.0f} MiB are free for {folder.path}"
        return fail("disk", full, "make room: until then nothing is stored; then everything goes on by itself")
    if free < FULL:
        return fail("disk", text, "make room: nothing can be stored soon")
    if free < NEARLY_FULL:
        return warn("disk", text, "make room")
    return ok("disk", text)
