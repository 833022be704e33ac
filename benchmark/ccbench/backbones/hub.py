"""Is a server there?  Asked with a bound, as what downloads weights may wait for minutes."""

from __future__ import annotations

import threading
from collections.abc import Callable


def unanswered(ask: Callable[[], object], seconds: float = 8.0) -> Exception | None:
    """Return why a server does not answer, or ``None`` when it does.

    Looking an address up cannot be given a limit of its own, so that the question is asked in
    a thread, which is left behind when it takes too long.

    Args:
        ask: asks the server something small, and raises when there is no answer.
        seconds: how long to wait.
    """
    found: list[Exception | None] = []

    def attempt() -> None:
        try:
            ask()
        except Exception as error:
            found.append(error)
        else:
            found.append(None)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else TimeoutError(f"no answer within {seconds:.0f} seconds")
