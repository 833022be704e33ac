"""What lies beside the exported tables: a README and the start of an analysis in R."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from ccbench.reporting.citations import reference_list
from ccbench.reporting.exports.printed import PRINTED
from ccbench.reporting.exports.tables import ExportTable
from ccbench.reporting.mixtures import read_mixtures
from ccbench.results import Run
from ccbench_registry import EXPRESSIONS

_CASES = {
    "csv": "CSV files: UTF-8, commas, decimal points, empty cells where there is no value.",
    "parquet": "Parquet files, for R (arrow), Python (pandas, polars) and DuckDB.",
    "latex": "LaTeX tables for \\input{...}, rounded; they need \\usepackage{booktabs}.",
}


def describe_export(run: Run, tables: Sequence[ExportTable], kind: str) -> str:
    """Return README.txt: what each file and each column is.

    Args:
        run: whose tables they are.
        tables: those exported.
        kind: "csv", "parquet" or "latex".
    """
    request = run.manifest["request"]
    runs = int(request["protocol"]["runs"])
    lines = [
        "Tables of a ccbench run, for other software",
        "",
        f"Databases: {', '.join(run.databases)}",
        *(f"Mixture: {mixed.sentence}" for mixed in read_mixtures(run)),
        f"Backbone: {request['backbone']}",
        f"Protocol: {request['protocol']['name']}, {runs} run{'s' * (runs != 1)}, "
        f"seed {request['seed']}",
        "",
        _CASES[kind],
    ]
    if kind == "latex":
        lines += ["", *(f"{t.name}.tex: {PRINTED[t.name]}" for t in tables if t.name in PRINTED)]
    else:
        lines += [
            "Photographs of an expression that a network was not trained on are not scored and "
            "have no row.",
            "analysis.R reads correctness_long and fits a mixed model, as a starting point.",
        ]
        for table in tables:
            lines += ["", f"{table.name}.{kind}", f"    {table.what}"]
            width = max(len(name) for name in table.columns)
            lines += [f"    {name:<{width}}  {what}" for name, what in table.columns.items()]
    lines += ["", "Please cite:", *(f"  {entry}" for entry in reference_list(run)), ""]
    return "\n".join(lines)


def analysis_script(run: Run, kind: str) -> str:
    """Return analysis.R: the binomial mixed model of the answers, with lme4.

    Correctness by database trained on, database tested on and expression, with random
    effects of posers, of posers by expression, and of networks.

    Args:
        run: whose answers are analysed.
        kind: "csv" or "parquet".
    """
    source = (files("ccbench.reporting") / "templates" / "analysis.R.j2").read_text("utf-8")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    predictions = run.predictions
    shown = set(predictions["expression"].unique())
    return environment.from_string(source).render(
        kind=kind,
        databases=run.databases,
        trained=[*run.databases, *run.mixtures],
        runs=predictions["run"].nunique(),
        expressions=[name for name in EXPRESSIONS if name in shown],
    )
