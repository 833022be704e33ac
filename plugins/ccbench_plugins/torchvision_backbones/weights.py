"""torchvision's own weights, downloaded once.  Imports torch: import it late."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import torch

from ccbench.backbones import first_lines, unanswered
from ccbench.exceptions import BackboneError

_STALL = 30.0
"""Seconds without a byte after which a download is given up."""


def downloaded(url: str, network: str) -> Path:
    """Return the file of weights, from where torchvision keeps its downloads.

    The start of its SHA-256, which torchvision has in the file's name, is checked.

    Args:
        url: of the file.
        network: whose weights, for the error.

    Raises:
        BackboneError: it cannot be downloaded.
    """
    name = Path(urlsplit(url).path).name
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if path.is_file():
        return path
    problem = unanswered(lambda: _ask(url))
    if problem is None:
        problem = _download(url, path)
    if problem is not None:
        raise BackboneError(
            f"the weights of {network} could not be downloaded ({_reason(problem)}); download "
            f"{url} on a machine with internet and give the file: torchvision:{network}@{name}"
        )
    return path


def _reason(problem: Exception) -> str:
    inner = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    return first_lines(inner) if isinstance(inner, Exception) else str(inner)


def _ask(url: str) -> None:
    request = urllib.request.Request(url, method="HEAD")
    # Any answer will do here: the download itself says what is wrong with it.
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=5).close()


def _download(url: str, path: Path) -> Exception | None:
    start = re.search(r"-([0-9a-f]{8,})\.", path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _given_up_when_stalled(), contextlib.redirect_stdout(sys.stderr):
            print(f"downloading {url} to {path}", file=sys.stderr)
            torch.hub.download_url_to_file(
                url, str(path), start[1] if start else None, progress=sys.stderr.isatty()
            )
    except (OSError, RuntimeError) as error:
        return error
    return None


@contextlib.contextmanager
def _given_up_when_stalled() -> Iterator[None]:
    """Bound every wait of this block's connections: torch sets no limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
