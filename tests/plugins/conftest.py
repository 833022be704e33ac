"""Fixtures of the tests of bundled plugins."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail at once, instead of trying for a minute, should a test ask the network."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a test asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
