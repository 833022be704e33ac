"""What ``ccbench plugins`` prints."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ccbench.diagnosis import Diagnosis, Finding, Item
from ccbench.diagnosis.doctor import strict_sentence
from ccbench.plugins import HOOKS, Plugin
from ccbench.plugins.blame import describe, place, show_traceback
from ccbench.scaffold import Names, Written
from ccbench.testing.suite import Outcome

_MOST = 6
"""Items of one kind that have a line each."""
_HOLDS, _FAILS, _SKIPPED = ("✓", "green"), ("✗", "red"), ("–", "dim")


def plugin_table(found: Sequence[Plugin]) -> Table:
    """Return a table of plugins, packages and what they provide."""
    table = Table()
    for column in ("plugin", "package", "provides"):
        table.add_column(column)
    for plugin in found:
        provides = escape("\n".join(_in_lines(plugin.provides))) or "–"
        if plugin.problem:
            provides = f"[red]not loaded:[/] {escape(plugin.problem)}"
        table.add_row(escape(plugin.name), escape(plugin.package), provides)
    return table


def _in_lines(provides: Sequence[str]) -> list[str]:
    """Return a line an item; where a plugin has many of one kind, one line for all of them."""
    kinds: dict[str, list[str]] = {}
    for item in provides:
        kind, _, name = item.partition(" ")
        kinds.setdefault(kind, []).append(name)
    lines = []
    for kind, names in kinds.items():
        if len(names) > _MOST:
            lines.append(f"{len(names)} {kind}s: {', '.join([*names[:_MOST], '…'])}")
        else:
            lines += [f"{kind} {name}".strip() for name in names]
    return lines


def hook_table(found: Sequence[Plugin]) -> Table:
    """Return a table of hooks and the plugins that implement them."""
    table = Table()
    table.add_column("hook", no_wrap=True)
    table.add_column("implemented by")
    for hook in HOOKS:
        table.add_row(hook, escape(", ".join(p.name for p in found if hook in p.hooks)) or "–")
    return table


def print_written(names: Names, kind: str, written: Written) -> None:
    """Say which files were written, and what to do next."""
    console = Console(highlight=False)
    console.print(f"[bold]{names.distribution}[/], a package with the {kind} '{names.plugin}':")
    for file in written.files:
        console.print(f"  {written.folder / file}", markup=False, soft_wrap=True)
    console.print("[bold]Try it[/]")
    for line in (
        f"cd {shlex.quote(str(written.folder))}",
        "pip install -e '.[test]' && python -m pytest",
        f"ccbench plugins check {written.check}",
    ):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    console.print("README.md says where to put what is yours.")


def print_examination(items: Sequence[Item]) -> bool:
    """Examine items and print what comes out of each rule; return whether all hold."""
    console = Console(highlight=False)
    counts = Counter[str]()
    for item in items:
        console.print(
            f"[bold]{item.kind} {escape(item.name)}[/] (plugin {escape(item.plugin.name)}, "
            f"{escape(item.plugin.package)})"
        )
        if item.note:
            console.print(Padding(Text(f"–  {item.note}", style="dim"), (0, 0, 0, 2), expand=False))
        width = max(map(len, item.suite.names), default=0)
        with console.status("") as status:
            for outcome in item.examine(status.update):
                _print_outcome(console, outcome, item.plugin.module, width)
                counts["skipped" if outcome.lacks else "kept" if outcome.holds else "broken"] += 1
    if counts["broken"]:
        skipped = f", {counts['skipped']} could not be looked at" if counts["skipped"] else ""
        verb = "is" if counts["broken"] == 1 else "are"
        console.print(
            f"[red]{counts['broken']} of {counts.total()} rules {verb} not kept{skipped}.[/]"
        )
    else:
        console.print(f"[green]All {counts.total()} rules are kept.[/]")
    return not counts["broken"]


def _print_outcome(console: Console, outcome: Outcome, module: str, width: int) -> None:
    if outcome.lacks:
        text = f"{outcome.meaning} (needs {outcome.lacks})"
        _line(console, _SKIPPED, outcome.name, text, width)
        return
    _line(console, _HOLDS if outcome.holds else _FAILS, outcome.name, outcome.meaning, width)
    problems = list(outcome.problems)
    if outcome.error is not None:
        show_traceback(outcome.error)
        where = place(outcome.error, module)
        problems.append(f"raised {describe(outcome.error)}{f' ({where})' if where else ''}")
    for problem in problems:
        console.print(Padding(Text(problem, style="red"), (0, 0, 0, width + 6), expand=False))


def _line(console: Console, mark: tuple[str, str], name: str, text: str, width: int) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=1)
    grid.add_column(width=width)
    grid.add_column()
    grid.add_row(Text(*mark), Text(name), Text(text, style="dim" if mark is _SKIPPED else ""))
    console.print(Padding(grid, (0, 0, 0, 2), expand=False))


def print_diagnosis(found: Diagnosis) -> None:
    """Print what is wrong with which plugin, and a verdict in one line."""
    console = Console(highlight=False)
    width = max((len(patient.name) for patient in found.patients), default=0)
    for patient in found.patients:
        text = patient.package
        if not patient.findings:
            text += f": {', '.join(_in_lines(patient.provides)) or 'provides nothing'}"
        mark = _FAILS if patient.findings else _HOLDS
        _line(console, mark, patient.name, text, width)
        for finding in patient.findings:
            _print_finding(console, finding)
    packages: Mapping[str, list[Finding]] = {name: [] for name, _ in found.packages}
    for name, finding in found.packages:
        packages[name].append(finding)
    for name, findings in packages.items():
        console.print(f"  [red]✗[/]  the package {escape(name)}")
        for finding in findings:
            _print_finding(console, finding)
    console.print(escape(strict_sentence()), style="dim")
    wrong = [p.name for p in found.patients if p.findings] + list(packages)
    if wrong:
        count = f"{found.problems} problem{'s' * (found.problems > 1)}"
        names = ", ".join(dict.fromkeys(wrong))
        console.print(f"[red]{count}, in {escape(names)}.[/]", soft_wrap=True)
    else:
        console.print(f"[green]All {len(found.patients)} plugins load; nothing to do.[/]")


def _print_finding(console: Console, finding: Finding) -> None:
    console.print(Padding(Text(finding.problem, style="red"), (0, 0, 0, 5), expand=False))
    console.print(Padding(Text(f"→ {finding.remedy}"), (0, 0, 0, 5), expand=False))
