"""What imports cannot show: SQL is only in stores and in the few modules of `shared` about the database."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ALLOWED = re.compile(r"/store(/\w+)?\.py$|^shared/postgres/|^shared/vault\.py$|^cli/bot_tokens\.py$")
"""The last reads another program's SQLite file, and stores nothing of ours."""
SQL = re.compile(
    r"^\s*(select\b|insert\s+into\b|update\s+[\w.\"]+\s+set\b|delete\s+from\b|create\s+(table|schema|index)\b"
    r"|alter\s+table\b|drop\s+table\b|with\s+\w+\s+as\s*\(|listen\s+\w+$|notify\s+\w+)",
    re.IGNORECASE,
)


def modules() -> list[str]:
    found = [path for part in ("cli", "services", "shared") for path in (REPOSITORY / part).rglob("*.py")]
    return sorted(str(path.relative_to(REPOSITORY)) for path in found)


def statements(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose and SQL.match(text):
                yield text
            case _:
                pass


def test_only_stores_hold_sql() -> None:
    elsewhere = {
        name: found
        for name in modules()
        if not ALLOWED.search(name) and (found := list(statements((REPOSITORY / name).read_text(encoding="utf-8"))))
    }

    assert elsewhere == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('rows = fetch("select 1")', 1),
        ('fetch(f"""\n  SELECT {column} from plays""")', 1),
        ("execute('insert into plays values ($1)')", 1),
        ("execute('update linker.people set name = $1')", 1),
        ("execute('delete from plays')", 1),
        ('"""Select what to show."""', 0),
        ("say('selection of plays')", 0),
        ("say('updated')", 0),
    ],
)
def test_sql_is_distinguished_from_prose(source: str, expected: int) -> None:
    assert len(list(statements(source))) == expected
