"""`usher run`: what it objects to before anything starts."""

import pytest

from cli import run
from cli.settings import RunSettings
from shared.schemas.secret import Secret
from shared.settings import SettingsError, UpstreamSettings


def test_a_network_that_is_none_is_said_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match=r"^USHER_ALLOW_PRIVATE is '10\.0\.0\.0/33': expected networks"):
        run.check_settings(RunSettings(), UpstreamSettings(usher_allow_private="10.0.0.0/33"))


def test_the_embedded_nats_keeps_each_message_once() -> None:
    with pytest.raises(SettingsError, match=r"^NATS_REPLICAS is 3, and the embedded NATS is one server: expected 1"):
        run.check_settings(RunSettings(nats_replicas=3), UpstreamSettings())


def test_a_cluster_may_keep_it_more_often() -> None:
    run.check_settings(RunSettings(nats_replicas=3, nats_url=Secret("nats://a,nats://b,nats://c")), UpstreamSettings())
