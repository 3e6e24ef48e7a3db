"""What pages say, in English and German: all of it is in `texts/`, a file a page, both languages side by side."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final, Literal, get_args

Language = Literal["en", "de"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
_MOST_RANGES: Final = 20


class Texts:
    """All texts, read once."""

    def __init__(self) -> None:
        self._texts: Mapping[str, Mapping[str, str]] = dict(_read_all())

    def __iter__(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        return iter(self._texts.items())

    def say(self, language: Language, key: str, **values: object) -> str:
        """Return a text with its values, the plural where `count` is not one; raises KeyError for an unknown key."""
        texts = self._texts[key]
        many = f"{language}_many"
        name = many if values.get("count", 1) != 1 and many in texts else language
        return texts[name].format(**values) if values else texts[name]


def language_of(accepted: str) -> Language:
    """Return the language of ours that a browser prefers, by its `Accept-Language`; English where it names none."""
    best: tuple[float, Language] = (0.0, "en")
    for given in accepted.split(",")[:_MOST_RANGES]:
        tag, _, weight = given.strip().lower().partition(";q=")
        language: Any = tag.partition("-")[0]
        if language in LANGUAGES and (weighed := _weight(weight)) > best[0]:
            best = (weighed, language)
    return best[1]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def _read_all() -> Iterator[tuple[str, Mapping[str, str]]]:
    for file in (resources.files("services.gateway.dashboard") / "texts").iterdir():
        if file.name.endswith(".toml"):
            page = file.name.removesuffix(".toml")
            for name, texts in tomllib.loads(file.read_text(encoding="utf-8")).items():
                yield f"{page}.{name}", texts
