import pytest

from cli.output import cell, local, plain, show


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "yes"),
        (7, "7"),
        (["a", 1], "a, 1"),
        ({"imdb": "tt1", "tmdb": None}, "imdb tt1"),
        ("Amélie", "Amélie"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("\x1b]0;owned\x07", "�]0;owned�"),
        ("two\nlines\r", "two�lines�"),
        ("\u202egnp.exe", "�gnp.exe"),
    ],
)
def test_a_value_is_shown_as_printable_text(value: object, expected: str) -> None:
    assert plain(value) == expected


def test_a_path_leads_into_what_is_there_and_else_to_nothing() -> None:
    play = {"person": {"name": "Ann"}, "show": None}

    assert cell(play, "person.name") == "Ann"
    assert cell(play, "show.name") == ""
    assert cell(["a list"], "person") == ""


@pytest.mark.parametrize("moment", ["yesterday", "", "0001-01-01T00:00:00+14:00"])
def test_a_moment_that_this_host_cannot_show_is_shown_as_it_came(moment: str) -> None:
    assert local(moment) == moment


def test_markup_in_a_title_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    show({"items": [{"title": "[red]Alien[/red]"}], "total": 1}, {"Title": "title"}, json=False)

    assert "[red]Alien[/red]" in capsys.readouterr().out


def test_a_page_says_how_much_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    show({"items": [{"title": "Alien"}], "total": 12}, {"Title": "title"}, json=False)

    assert capsys.readouterr().out.endswith("1 of 12\n")


def test_json_is_what_the_answer_was(capsys: pytest.CaptureFixture[str]) -> None:
    show({"items": [{"title": "Alien", "year": 1979}], "total": 1}, {"Title": "title"}, json=True)

    assert capsys.readouterr().out == '{"items":[{"title":"Alien","year":1979}],"total":1}\n'
