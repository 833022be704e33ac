"""A server that is not there is noticed within a bound."""

from __future__ import annotations

import threading
import time

from ccbench.backbones import unanswered


def test_an_answer_is_no_problem() -> None:
    assert unanswered(lambda: "hello") is None


def test_a_refusal_is_returned() -> None:
    def refuse() -> None:
        raise ConnectionRefusedError("go away")

    assert isinstance(unanswered(refuse), ConnectionRefusedError)


def test_silence_is_waited_for_no_longer_than_asked() -> None:
    forever = threading.Event()
    start = time.monotonic()
    problem = unanswered(forever.wait, seconds=0.2)
    assert 0.1 < time.monotonic() - start < 5
    assert isinstance(problem, TimeoutError)
    forever.set()
