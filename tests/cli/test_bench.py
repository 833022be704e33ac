"""``ccbench bench``, on heads that are quick to time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from ccbench.protocol import PerceptronHead, Protocol, load_protocol
from ccbench.runner import bench, timing
from ccbench.training import memory

if TYPE_CHECKING:
    from tests.conftest import Command


@pytest.fixture(autouse=True)
def small_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, overrides: Sequence[str] = ()) -> Protocol:
        protocol = load_protocol(name, overrides)
        if isinstance(protocol.head, PerceptronHead):
            small = protocol.head.model_copy(update={"hidden": (16, 16)})
            return protocol.model_copy(update={"head": small})
        return protocol

    monkeypatch.setattr(bench, "load_protocol", load)
    monkeypatch.setattr(bench, "POSERS", 12)
    monkeypatch.setattr(timing, "_LONGEST", 1.0)


def test_two_lines_say_how_fast_and_how_long(ccbench: Command) -> None:
    done = ccbench("bench", "--workers", "1", "--engine", "float32")
    assert done.code == 0, done.err
    first, second = done.out.strip().splitlines()[-2:]
    assert re.fullmatch(
        r"The paper's head: [\d.]+ ms a step by float32 with 1 worker, [\d.]+ times as fast as "
        r"plain PyTorch on cached features; [\d.]+ ms a view for the features of alexnet\.",
        first,
    )
    assert re.fullmatch(
        r"Two databases of 12 posers, nothing cached: "
        r"quick [\d.]+ (s|min|h), standard [\d.]+ (s|min|h), inagaki2022 [\d.]+ (s|min|h)\.",
        second,
    )


def test_what_is_not_there_is_refused(ccbench: Command) -> None:
    done = ccbench("bench", "--engine", "float61")
    assert done.code == 2
    assert "no engine 'float61'" in done.err
    done = ccbench("bench", "-b", "alexnot")
    assert done.code == 2
    assert "did you mean 'alexnet'" in done.err


def test_heads_that_do_not_fit_are_said_and_the_others_timed(
    ccbench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_free", lambda device: 10**6)
    done = ccbench("bench", "--workers", "1", "--engine", "float32")
    assert done.code == 0, done.err
    first, second = done.out.strip().splitlines()[-2:]
    assert re.match(r"The paper's head: a head of 16 and 16 hidden units .* GB free;.* ms a", first)
    assert re.search(r"quick [\d.]+ (s|min)", second)
    assert "standard (not enough memory)" in second
    assert "inagaki2022 (not enough memory)" in second
