"""A run as one self-contained page."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from ccbench import atomic
from ccbench.analysis.quality import STATUSES
from ccbench.exceptions import RunError
from ccbench.reporting.summary import rate, summarise
from ccbench.reporting.tuning import au_name, signed, summarise_tuning
from ccbench.results import Run

FILE = "report.html"


def write_report(run: Run) -> Path:
    """Write ``report.html`` into the run directory and return its path.

    The page is one file, makes no network request, and shows only what the run's tables
    hold.

    Raises:
        RunError: a table is damaged, or the folder cannot be written.
    """
    summary = summarise(run)
    source = (files("ccbench.reporting") / "templates" / "report.html.j2").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["rate"] = rate
    environment.filters["signed"] = signed
    environment.filters["au_name"] = au_name
    environment.filters["percent"] = lambda value: f"{100 * value:.0f}"
    statuses = [s for s in STATUSES if s in {"ok", "no face"} or summary.quality[s].sum()]
    page = environment.from_string(source).render(
        summary=summary,
        tunings=summarise_tuning(run),
        manifest=run.manifest,
        request=run.manifest["request"],
        statuses=statuses,
        quality=summary.quality.to_dict("records"),
        protocol=json.dumps(run.manifest["request"]["protocol"], indent=2, ensure_ascii=False),
    )
    path = run.path / FILE
    try:
        atomic.write_bytes(path, page.encode())
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from None
    return path
