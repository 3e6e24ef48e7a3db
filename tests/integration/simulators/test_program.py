import subprocess
import sys
import urllib.request


def test_the_town_says_where_it_is_and_answers_there() -> None:
    program = subprocess.Popen([sys.executable, "-m", "simulators"], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        settings = {}
        for line in program.stdout:
            if line.startswith("# stage"):
                break
            name, _, value = line.strip().partition("=")
            settings[name] = value
        with urllib.request.urlopen(f"{settings['PLEX_HOST']}/identity", timeout=20) as answer:
            identity = answer.read()
    finally:
        program.terminate()
        program.communicate(timeout=30)

    assert b"machineIdentifier" in identity
    assert {"PLEX_TV_URL", "SEERR_API_KEY", "DISCORD_PUBLIC_KEY", "TRAKT_AUTH_URL"} <= settings.keys()
