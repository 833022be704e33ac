"""Tasks on the cores of this machine.

Every task runs on one thread, whatever the number of workers: the sums of a matrix
product depend on how it is cut among threads, and the same seed must give the same bytes.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

from ccbench.exceptions import CcbenchError

Task = TypeVar("Task")
Report = Callable[[float], None]
Function = Callable[[Task, Report], None]

_reports: Any = None
"""Queue back to the parent, in a worker process."""


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread in this block, in torch, OpenCV and BLAS."""
    import cv2
    import torch
    from threadpoolctl import threadpool_limits

    torch_threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(torch_threads)
        cv2.setNumThreads(cv2_threads)


def map_tasks(
    function: Function[Task],
    tasks: Sequence[Task],
    *,
    workers: int,
    progress: Callable[[int, float], None],
) -> None:
    """Run ``function(task, report)`` for every task.

    Args:
        function: a module-level function; it stores its result itself.
        tasks: picklable.
        workers: processes; 1 runs everything in this process.
        progress: called here with (index of the task, fraction of it done).

    Raises:
        CcbenchError: whatever a task raised, or a worker that was killed.
        KeyboardInterrupt: after the workers were stopped.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        with one_thread(), _interrupts_kept() as interrupted:
            for index, task in enumerate(tasks):
                function(task, lambda part, index=index: progress(index, part))  # type: ignore[misc]
                progress(index, 1.0)
                if interrupted:
                    break
        return
    _map_in_processes(function, tasks, workers, progress)


def _map_in_processes(
    function: Function[Task],
    tasks: Sequence[Task],
    workers: int,
    progress: Callable[[int, float], None],
) -> None:
    context = mp.get_context("spawn")
    reports = context.Queue()
    others = {child.pid for child in mp.active_children()}
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(reports,))
    try:
        with _interrupts_held_back():
            futures: dict[Future[None], int] = {
                pool.submit(_run_task, function, index, task): index
                for index, task in enumerate(tasks)
            }
        pending = set(futures)
        while pending:
            done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            with contextlib.suppress(queue.Empty):
                while True:
                    progress(*reports.get_nowait())
            for future in done:
                future.result()
                progress(futures[future], 1.0)
    except BrokenProcessPool:
        raise CcbenchError(
            "a worker process was killed, probably for lack of memory; start the run again "
            "with --workers 1, what is finished is kept"
        ) from None
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in mp.active_children():
            if child.pid not in others:
                child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        reports.close()
        reports.cancel_join_thread()


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


def _run_task(function: Function[Task], index: int, task: Task) -> None:
    with one_thread():
        function(task, lambda part: _reports.put((index, part)))


def _start_worker(reports: Any) -> None:
    global _reports
    _reports = reports
    # Where signals cannot be held back, see _interrupts_held_back.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = mp.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
