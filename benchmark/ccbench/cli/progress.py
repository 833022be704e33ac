"""Progress bars of a run."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text


class _Remaining(ProgressColumn):
    """Time left, from the average speed of the stage so far."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        if task.finished or not task.total:
            return Text("")
        if not task.completed or task.elapsed is None:
            return Text("–:–– left", style="cyan")
        left = round(task.elapsed * (task.total - task.completed) / task.completed)
        hours, rest = divmod(left, 3600)
        text = (
            f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
        )
        return Text(f"{text} left", style="cyan")


class Bars:
    """An observer that draws one bar a stage, with what is running and the time left."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<20}", markup=False),
            BarColumn(bar_width=24),
            _Count(),
            TimeElapsedColumn(),
            _Remaining(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=console,
        )
        self._task: TaskID | None = None
        self._notes: list[str] = []

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._end()
        self._progress.stop()
        if kind is not None and not self.console.is_terminal:
            self.console.line()
        for sentence in self._notes:
            self.console.print(f"[yellow]•[/] {escape(sentence)}", highlight=False)

    def stage(self, name: str, total: int) -> None:
        """Begin a bar."""
        self._end()
        self._task = self._progress.add_task(name, total=max(total, 1), detail="")

    def advance(self, amount: float, detail: str = "") -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.update(self._task, advance=amount, detail=detail)

    def note(self, sentence: str) -> None:
        """Keep a sentence for the end."""
        self._notes.append(sentence)

    def _end(self) -> None:
        if self._task is not None:
            task = next(t for t in self._progress.tasks if t.id == self._task)
            self._progress.update(self._task, completed=task.total, detail="")


class _Count(MofNCompleteColumn):
    """Units done, whole numbers only."""

    def render(self, task: Task) -> Text:
        total = int(task.total or 0)
        width = len(str(total))
        return Text(f"{int(task.completed):>{width}}/{total}", style="progress.download")
