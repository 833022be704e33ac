"""Tasks on the cores of this machine.

Every task runs on one thread, whatever the number of workers: the sums of a matrix
product depend on how it is cut among threads, and the same seed must give the same bytes.

On Linux workers are forked from a small process of Python's own (its "forkserver"), which has
loaded what they need and computed nothing, so that they start at once.  Elsewhere every worker
is a new process.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextvars import ContextVar
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from ccbench.exceptions import CcbenchError
from ccbench.executors.loading import MODULES
from ccbench.memory import held_memory

Task = TypeVar("Task")
Report = Callable[[float], None]
Function = Callable[[Task, Report], None]

_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "VECLIB_MAXIMUM_THREADS",
)
"""Environment variables that libraries read when they are imported."""
_ONE = dict.fromkeys(_THREADS, "1")
_start_method = "forkserver" if sys.platform == "linux" else "spawn"
"""Of workers.  Apple's libraries do not survive a fork, Windows has nothing like it."""
# Waiting OpenMP threads that spin slow every other process down.  Read when torch is loaded;
# worker processes inherit it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
_kept: ContextVar[list[_Pool] | None] = ContextVar("_kept", default=None)
"""Of the innermost :func:`kept_workers`: its pool, once there is one."""
_reports: Any = None
"""Queue back to the parent, in a worker process."""


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread in this block, in torch, OpenCV and BLAS.

    Nothing is imported for it: a library that is first imported inside the block takes the
    limit from the environment, and keeps it.
    """
    torch, cv2 = sys.modules.get("torch"), sys.modules.get("cv2")
    torch_threads = torch.get_num_threads() if torch else 0
    cv2_threads = cv2.getNumThreads() if cv2 else 0
    try:
        if torch:
            torch.set_num_threads(1)
        if cv2:
            cv2.setNumThreads(1)
        with threadpool_limits(1), _environment(_ONE):
            yield
    finally:
        if torch:
            torch.set_num_threads(torch_threads)
        if cv2:
            cv2.setNumThreads(cv2_threads)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables in this block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def load_ahead(*modules: str) -> None:
    """Load what workers will need, beside this process and once for all of them.

    Returns at once, and does nothing when workers have been started before, or where they are
    not forked.

    Args:
        modules: by name; they must not start threads when they are imported.
    """
    global _start_method
    if _start_method == "spawn":
        return
    from multiprocessing import forkserver, resource_tracker

    # First, as it lets interrupts through again when it has started.
    resource_tracker.ensure_running()
    loading = "ccbench.executors.loading"
    mp.get_context("forkserver").set_forkserver_preload([loading] if modules else [])
    # Modules of these names in the current folder, as scripts there may be, are not meant.
    settings = {**_ONE, "PYTHONSAFEPATH": "1", MODULES: " ".join(modules)}
    with _interrupts_held_back(), _environment(settings):
        try:
            forkserver.ensure_running()
        except OSError:
            # It is asked through a socket among the temporary files, whose path is too long.
            _start_method = "spawn"


@contextlib.contextmanager
def kept_workers() -> Iterator[None]:
    """Let every :func:`map_tasks` in this block use the same processes.

    They end with the block.
    """
    if _kept.get() is not None:
        yield
        return
    pools: list[_Pool] = []
    token = _kept.set(pools)
    try:
        yield
        for pool in pools:
            pool.close()
    except BaseException:
        for pool in pools:
            pool.kill()
        raise
    finally:
        _kept.reset(token)


def held_by_workers() -> list[int]:
    """Return the bytes that each process of :func:`kept_workers` holds that is there already."""
    pools = _kept.get()
    return held_memory(pools[0].running) if pools else []


def end_workers() -> None:
    """End the processes of :func:`kept_workers`, for the memory that they hold."""
    pools = _kept.get()
    while pools:
        pools.pop().close()


def map_tasks(
    function: Function[Task],
    tasks: Sequence[Task],
    *,
    workers: int,
    progress: Callable[[int, float], None],
    tolerated: type[CcbenchError] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Run ``function(task, report)`` for every task.

    Args:
        function: a module-level function; it stores its result itself.
        tasks: picklable.
        workers: processes; 1 runs everything in this process, and so does a single task.
        progress: called here with (index of the task, fraction of it done).
        tolerated: errors that are raised only when the other tasks are done, all in one.
        meanwhile: called once, in this process, while the workers are at it; without workers
            before the tasks.

    Raises:
        CcbenchError: whatever a task raised, or a worker that was killed.
        Exception: whatever ``meanwhile`` raised, after the workers were stopped.
        KeyboardInterrupt: after the workers were stopped.
    """
    errors: list[CcbenchError] = []
    if min(workers, len(tasks)) <= 1:
        _call(meanwhile)
        with one_thread(), _interrupts_kept() as interrupted:
            for index, task in enumerate(tasks):
                try:
                    function(task, lambda part, index=index: progress(index, part))  # type: ignore[misc]
                except CcbenchError as error:
                    _keep(error, tolerated, errors)
                progress(index, 1.0)
                if interrupted:
                    break
        _raise(errors)
        return
    with kept_workers():
        pools = _kept.get()
        assert pools is not None
        if pools and pools[0].workers != workers:
            pools.pop().close()
        if not pools:
            pools.append(_Pool(workers))
        try:
            errors = pools[0].map(function, tasks, progress, tolerated, meanwhile)
        except BaseException:
            pools.pop().kill()
            raise
    _raise(errors)


def _call(meanwhile: Callable[[], None] | None) -> None:
    if meanwhile is not None:
        with _interrupts_kept():
            meanwhile()


def _keep(
    error: CcbenchError, tolerated: type[CcbenchError] | None, errors: list[CcbenchError]
) -> None:
    if tolerated is None or not isinstance(error, tolerated):
        raise error
    errors.append(error)


def _raise(errors: Sequence[CcbenchError]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        first = type(errors[0])
        joined = getattr(first, "joined", None)
        raise joined(errors) if joined else first("; ".join(sorted(str(e) for e in errors)))


class _Pool:
    """Worker processes; they start with the first tasks.

    Args:
        workers: how many at most.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # Unless that was done before, with what the tasks need.
        load_ahead()
        context = mp.get_context(_start_method)
        self._reports = context.Queue()
        self._executor = ProcessPoolExecutor(
            workers,
            context,
            initializer=_start_worker,
            initargs=(self._reports, dict(os.environ)),
        )
        self._pids: set[int] = set()
        self._round = 0

    @property
    def running(self) -> list[int]:
        """The numbers of the processes that are there."""
        return [pid for child in mp.active_children() if (pid := child.pid) in self._pids and pid]

    def map(
        self,
        function: Function[Task],
        tasks: Sequence[Task],
        progress: Callable[[int, float], None],
        tolerated: type[CcbenchError] | None,
        meanwhile: Callable[[], None] | None,
    ) -> list[CcbenchError]:
        """Run every task; see :func:`map_tasks`.  After an error the pool is of no use.

        Returns:
            The errors that are tolerated.
        """
        self._round += 1
        errors: list[CcbenchError] = []
        try:
            futures = self._submit(function, tasks)
            pending = set(futures)
            _call(meanwhile)
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                with contextlib.suppress(queue.Empty):
                    while True:
                        number, index, part = self._reports.get_nowait()
                        if number == self._round:  # else it is late, of tasks long done
                            progress(index, part)
                for future in done:
                    try:
                        future.result()
                    except CcbenchError as error:
                        _keep(error, tolerated, errors)
                    progress(futures[future], 1.0)
        except BrokenProcessPool:
            raise CcbenchError(
                "a worker process was killed, probably for lack of memory; start the run again "
                "with --workers 1, what is finished is kept"
            ) from None
        return errors

    def _submit(self, function: Function[Task], tasks: Sequence[Task]) -> dict[Future[None], int]:
        others = {child.pid for child in mp.active_children()}
        with _interrupts_held_back():
            try:
                return {
                    self._executor.submit(_run_task, function, self._round, index, task): index
                    for index, task in enumerate(tasks)
                }
            finally:
                self._pids |= {child.pid for child in mp.active_children() if child.pid} - others

    def close(self) -> None:
        """End the processes, which have nothing to do."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._reports.close()
        self._reports.cancel_join_thread()

    def kill(self) -> None:
        """End the processes, whatever they do."""
        for child in mp.active_children():
            if child.pid in self._pids:
                child.terminate()
        self.close()


@contextlib.contextmanager
def _interrupts_kept() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt at the end of this block, whatever a library made of it.

    Compiled libraries turn an interrupt in the middle of a call into errors of their own
    (safetensors: "could not determine the shape") or drop it.

    Yields:
        The interrupts so far.
    """
    arrived: list[int] = []
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield arrived
        return

    def interrupt(number: int, _frame: object) -> None:
        arrived.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield arrived
    except Exception:
        if not arrived:
            raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if arrived:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Deliver Ctrl-C after this block; processes that start in it never get one.

    It reaches the whole process group, and a worker that is still importing would print a
    traceback.  The parent decides and stops the workers.
    """
    held: list[int] = []
    before = handler = None
    if threading.current_thread() is threading.main_thread():
        handler = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    if hasattr(signal, "pthread_sigmask"):
        # New processes inherit the mask; other threads of this one may still be interrupted.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
            if held:
                signal.raise_signal(signal.SIGINT)


def _run_task(function: Function[Task], number: int, index: int, task: Task) -> None:
    with one_thread():
        function(task, lambda part: _reports.put((number, index, part)))


def _start_worker(reports: Any, environment: dict[str, str]) -> None:
    global _reports
    _reports = reports
    # A forked process has the environment of the time when the first of them was started.
    os.environ.clear()
    os.environ.update(environment)
    # Before torch is imported: Apple's library has no other way to be told.
    os.environ.update(_ONE)
    # Where signals cannot be held back, see _interrupts_held_back.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = mp.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
