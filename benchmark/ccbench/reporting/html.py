"""A run as one self-contained page."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ccbench import atomic
from ccbench.analysis.quality import STATUSES
from ccbench.analysis.remembered import remembered
from ccbench.exceptions import RunError
from ccbench.reporting.comparisons import brief
from ccbench.reporting.page import make_page
from ccbench.reporting.summary import rate
from ccbench.reporting.templating import assets, environment
from ccbench.reporting.tuning import au_name, signed
from ccbench.results import Run

FILE = "report.html"


def write_report(run: Run, against: Run | None = None, *, workers: int = 1) -> Path:
    """Write ``report.html``, ``figures/`` and ``tables/`` into the run directory.

    The page is one file, makes no network request, and shows only what the run's tables
    hold.

    Args:
        run: a finished run.
        against: another run whose tunings are compared with this one's, e.g. with all posers.
        workers: processes that draw figures.  With more than one, a script needs the usual
            ``if __name__ == "__main__":`` around the call.

    Returns:
        The path of the page.

    Raises:
        RunError: a table is damaged, or the folder cannot be written.
    """
    with remembered():
        page = make_page(run, against, workers)
    made = environment(
        {
            "rate": rate,
            "signed": signed,
            "au_name": au_name,
            "brief": brief,
            "percent": lambda value: f"{100 * value:.0f}",
            "base64": lambda data: base64.b64encode(data).decode(),
        }
    )
    quality = page.summary.quality
    text = made.get_template("report.html.j2").render(
        page=page,
        summary=page.summary,
        manifest=run.manifest,
        request=run.manifest["request"],
        statuses=[s for s in STATUSES if s in {"ok", "no face"} or quality[s].sum()],
        quality=quality.to_dict("records"),
        protocol=json.dumps(run.manifest["request"]["protocol"], indent=2, ensure_ascii=False),
        **assets("report.css"),
    )
    path = run.path / FILE
    try:
        atomic.write_bytes(path, text.encode())
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from None
    return path
