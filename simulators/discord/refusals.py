"""Discord's errors: a code, a message, and for bad forms where each fault is.

https://docs.discord.com/developers/topics/opcodes-and-status-codes
"""

from typing import Any

from simulators.asgi import Response, json_response


class RefusedError(Exception):
    """The request ends here, with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refused(status: int, code: int, message: str) -> RefusedError:
    """Return what Discord refuses with."""
    return RefusedError(json_response({"message": message, "code": code}, status))


def bad_form(path: str, code: str, message: str) -> RefusedError:
    """Return the refusal of a form; the path is dotted, such as `embeds.0.title`."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return RefusedError(json_response({"message": "Invalid Form Body", "code": 50035, "errors": errors}, 400))


def check_length(value: object, path: str, longest: int, *, shortest: int = 0) -> None:
    """Refuse what is no text, too long or too short; absent and null pass. Raises `RefusedError`."""
    if value is None:
        return
    if not isinstance(value, str):
        raise bad_form(path, "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
    if len(value) > longest:
        raise bad_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")
    if len(value) < shortest:
        raise bad_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")


def check_count(value: object, path: str, most: int) -> list[Any]:
    """Return a list of at most so many; absent and null are empty. Raises `RefusedError`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_form(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
    if len(value) > most:
        raise bad_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    return value
