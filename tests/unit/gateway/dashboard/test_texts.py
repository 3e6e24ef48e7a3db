"""Every text is there in both languages, is used, and takes the same values in both."""

import re
from pathlib import Path
from string import Formatter

import pytest

from services.gateway import dashboard
from services.gateway.dashboard.texts import LANGUAGES, Texts, language_of

FOLDER = Path(dashboard.__path__[0])
TEXTS = dict(Texts())
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for path in FOLDER.rglob("*")
    if path.suffix in {".py", ".html"} and path.name != "texts.py"
}


def values_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_a_text_is_there_in_both_languages_with_the_same_values(key: str) -> None:
    texts = TEXTS[key]

    assert set(texts) <= {*LANGUAGES, *(f"{language}_many" for language in LANGUAGES)}
    assert set(LANGUAGES) <= set(texts)
    assert (
        len(
            {
                frozenset(values_of(texts[language]) | {"count"} if "en_many" in texts else values_of(texts[language]))
                for language in LANGUAGES
            }
        )
        == 1
    )
    assert ("en_many" in texts) == ("de_many" in texts)
    assert all(text == text.strip() and text for text in texts.values())


def test_every_text_that_is_said_is_there() -> None:
    said = {
        (path.name, key)
        for path, source in SOURCES.items()
        for key in re.findall(r"""say\(\s*["']([a-z_]+\.[a-z_0-9]*[a-z0-9])["']""", source)
    }

    assert sorted((name, key) for name, key in said if key not in TEXTS) == []


def test_every_text_is_said_somewhere() -> None:
    everything = "\n".join(SOURCES.values())
    made = [re.escape(prefix) for prefix in re.findall(r"""["']([a-z]+\.[a-z_]*)["'] ~""", everything)]
    made += [re.escape(prefix) for prefix in re.findall(r"""["']([a-z]+\.[a-z_]*)%d["']""", everything)]
    made += [re.escape(prefix) for prefix in re.findall(r"""f["']([a-z]+\.[a-z_]*)\{""", everything)]
    by_name = re.compile("|".join(made))

    assert [
        key for key in TEXTS if f'"{key}"' not in everything and f"'{key}'" not in everything and not by_name.match(key)
    ] == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("de;q=nonsense", "en"),
        ("en;q=0.1, de;q=0.2", "de"),
        ("," * 10_000, "en"),
    ],
)
def test_the_language_is_the_one_of_ours_that_the_browser_prefers(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_a_plural_is_used_where_there_are_several_or_none() -> None:
    texts = Texts()

    said = [texts.say("en", "overview.unclaimed", count=count) for count in (0, 1, 2)]

    assert [text.split(":")[0] for text in said] == [
        "0 accounts have no person yet",
        "1 account has no person yet",
        "2 accounts have no person yet",
    ]
