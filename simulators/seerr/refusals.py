"""How a Seerr says no: in four shapes, of which clients have to know each."""

from simulators.asgi import Response, json_response


class RefusedError(Exception):
    """The request ends here, with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refused(status: int, message: str, *errors: str) -> RefusedError:
    """Return what a handler refuses with."""
    return RefusedError(json_response({"message": message, **({"errors": list(errors)} if errors else {})}, status))


def forbidden() -> RefusedError:
    """Return the refusal of who has no right or no valid key: here the message's key is `error`."""
    body = {"status": 403, "error": "You do not have permission to access this endpoint"}
    return RefusedError(json_response(body, 403))


def invalid(path: str, message: str, *, code: str, status: int = 400) -> RefusedError:
    """Return the validator's refusal of something in a query or a body."""
    shown = f"request{path.replace('/', '.')} {message}"
    error = {"path": path, "message": message, "errorCode": f"{code}.openapi.validation"}
    return RefusedError(json_response({"message": shown, "errors": [error]}, status))


def unfit(path: str, message: str, *, status: int = 400) -> RefusedError:
    """Return the validator's refusal of a request as a whole."""
    return RefusedError(json_response({"message": message, "errors": [{"path": path, "message": message}]}, status))
