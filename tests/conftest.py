"""Fixtures shared by all tests: a cache of their own and small drawn databases."""

from __future__ import annotations

import functools
import gc
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest

from ccbench.preprocessing import standardise
from ccbench.results import Run
from ccbench.runner import run_matrix
from ccbench.runner.ahead import load_for_workers
from ccbench.testing.drawn import DRAWN_DATABASES, write_database

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

POSERS = 10


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make only, not among libraries and the tests themselves."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache shared by tests that only read what runs leave there."""
    return tmp_path_factory.mktemp("session") / "cache"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test away from the user's cache and from ``runs/`` of the checkout."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CCBENCH_CACHE", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture(scope="session")
def accepted_terms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a settings folder in which the terms of all bundled databases are accepted."""
    from ccbench.interfaces import Family
    from ccbench.plugins import load_plugins
    from ccbench.runner.terms import accept, licensed

    folder, plugins = tmp_path_factory.mktemp("settings"), load_plugins()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CCBENCH_CONFIG", str(folder))
        single = [
            name for name in plugins.datasets if not isinstance(plugins.datasets.get(name), Family)
        ]
        for card in licensed(single, plugins):
            accept(card)
    return folder


@pytest.fixture(autouse=True)
def own_settings(accepted_terms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's settings, and from being asked."""
    monkeypatch.setenv("CCBENCH_CONFIG", str(accepted_terms))


@pytest.fixture(autouse=True)
def one_format(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write figures as SVG only, which a page shows; tests of the files ask for ``all_formats``."""
    if "all_formats" not in request.keywords:
        monkeypatch.setattr("ccbench.reporting.figures.saving.FORMATS", ("svg",))


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures, for tests of what else is on the page."""

    def none(_run: Run, _folder: Path, _workers: int, meanwhile: Callable[[], None]) -> list[Any]:
        meanwhile()
        return []

    monkeypatch.setattr("ccbench.reporting.figures.files.write_figures", none)


@pytest.fixture(scope="session", autouse=True)
def faces_once() -> Iterator[None]:
    """Let tests standardise each of the few drawn photographs once, however many runs they make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ccbench.faces.standardise", functools.lru_cache(512)(standardise))
        yield


@pytest.fixture(scope="session", autouse=True)
def workers_ahead() -> None:
    """Let workers start quickly in all tests; those of a command load their own."""
    load_for_workers(2)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Keep torch's threads from waiting for each other over small matrices."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


class Oracle(Protocol):
    """Fits scikit-learn's logistic regression; returns its logits of the test features."""

    def __call__(
        self, features: torch.Tensor, labels: torch.Tensor, ridge: float, test: torch.Tensor
    ) -> NDArray[np.float64]: ...


@pytest.fixture
def sklearn_logits() -> Oracle:
    """Return scikit-learn's answer to the problem that ``fit_logistic`` documents."""
    from sklearn.linear_model import LogisticRegression

    def solve(
        features: torch.Tensor, labels: torch.Tensor, ridge: float, test: torch.Tensor
    ) -> NDArray[np.float64]:
        """Solve the documented problem with scikit-learn."""
        x = features.numpy().astype(np.float64)
        centre = x.mean(0)
        scale = math.sqrt(((x - centre) ** 2).sum(1).mean())
        # mean cross-entropy + ridge |w|^2  =  (1 / C n) (C sum cross-entropy + |w|^2 / 2)
        model = LogisticRegression(C=1 / (2 * ridge * len(x)), tol=1e-10, max_iter=20_000)
        model.fit((x - centre) / scale, labels.numpy())
        found: NDArray[np.float64] = model.decision_function((test.numpy() - centre) / scale)
        return found

    return solve


@pytest.fixture(scope="session")
def drawn_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return folders with the first ten posers of both drawn databases."""
    root = tmp_path_factory.mktemp("drawn")
    folders = {}
    for name, database in DRAWN_DATABASES.items():
        folders[name] = root / name
        folders[name].mkdir()
        write_database(replace(database), folders[name], posers=POSERS)
    return folders


@pytest.fixture(scope="session")
def small_specs(drawn_folders: dict[str, Path]) -> list[str]:
    """Return what to give as databases: the two drawn ones, ten posers each."""
    return [f"{name}={folder}" for name, folder in drawn_folders.items()]


@pytest.fixture(scope="session")
def small_run(
    small_specs: list[str], session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Return a finished run: two drawn databases of ten posers, three runs."""
    out = tmp_path_factory.mktemp("run") / "small"
    return run_matrix(small_specs, runs=3, out=out, cache=session_cache)


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one sentence of a refused command."""
        assert self.code == 2, f"exit code {self.code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.out + self.err
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("ccbench: error: "), self.err
        return lines[0].removeprefix("ccbench: error: ")


class Command(Protocol):
    """Runs ``ccbench`` with these arguments."""

    def __call__(self, *arguments: object) -> Outcome: ...


class FewPosers(Protocol):
    """Makes a folder with the first posers of a drawn database."""

    def __call__(self, name: str, posers: int, folder: Path | None = None) -> Path: ...


class Install(Protocol):
    """Makes a folder look like one that a plugin was installed into."""

    def __call__(
        self, folder: Path, distribution: str, entry_points: Mapping[str, str], /, **modules: str
    ) -> None: ...


@pytest.fixture
def ccbench(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs ``ccbench`` in this process."""
    monkeypatch.setenv("COLUMNS", "180")

    def run(*arguments: object) -> Outcome:
        from ccbench.cli import cli

        capfd.readouterr()
        # Plugins are found once a process; tests install others.
        vars(cli).pop("from_plugins", None)
        with pytest.raises(SystemExit) as left:
            cli.main([str(argument) for argument in arguments], prog_name="ccbench")
        code = left.value.code
        return Outcome(code if isinstance(code, int) else 1, *capfd.readouterr())

    return run


@pytest.fixture
def ccbench_process(own_cache: Path) -> Command:
    """Return a function that runs ``ccbench`` in a process of its own."""

    def run(*arguments: object) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "ccbench", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "180", "CCBENCH_CACHE": str(own_cache)},
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def few_posers(drawn_folders: dict[str, Path], tmp_path: Path) -> FewPosers:
    """Return a function that makes small databases of their own, to be damaged at will."""

    def make(name: str, posers: int, folder: Path | None = None) -> Path:
        target = folder or tmp_path / name
        target.mkdir(parents=True)
        for poser in range(1, posers + 1):
            for file in drawn_folders[name].glob(f"p{poser:02}_*.png"):
                shutil.copy(file, target)
        return target

    return make


def _install(
    folder: Path, distribution: str, entry_points: Mapping[str, str], /, **modules: str
) -> None:
    """Write modules and the metadata that pip would write for them."""
    metadata = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    core = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
    (metadata / "METADATA").write_text(core)
    lines = [f"{name} = {module}" for name, module in entry_points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[ccbench]", *lines, ""]))
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)


@pytest.fixture(scope="session")
def install() -> Install:
    """Return a function that installs a plugin into a folder, as pip would."""
    return _install


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is searched for plugins."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the plugin of ``tests/lab`` is installed, as pip would."""
    folder = tmp_path_factory.mktemp("site")
    source = (Path(__file__).parent / "lab" / "mylab_ccbench.py").read_text(encoding="utf-8")
    _install(folder, "mylab-ccbench", {"mylab": "mylab_ccbench"}, mylab_ccbench=source)
    return folder


@pytest.fixture
def lab(lab_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the plugin of ``tests/lab`` installed: a dataset, and the fast backbone ``tiny``."""
    monkeypatch.syspath_prepend(lab_folder)
    monkeypatch.setenv("PYTHONPATH", str(lab_folder), prepend=os.pathsep)
    return lab_folder


@pytest.fixture(scope="session")
def tiny_run(
    small_specs: list[str],
    session_cache: Path,
    lab_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """Return a run of a few seconds: as ``small_run``, two runs, with the backbone ``tiny``."""
    out = tmp_path_factory.mktemp("run") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(lab_folder)
        return run_matrix(small_specs, backbone="tiny", runs=2, out=out, cache=session_cache)
