"""What a dry run counts, and what it times it by."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ccbench.cache import Cache
from ccbench.exceptions import PluginError
from ccbench.features import BackboneIdentity
from ccbench.logistic import fit_gram, fit_logistic
from ccbench.plugins import load_plugins
from ccbench.protocol import load_protocol
from ccbench.runner import Silent, run_matrix, timing
from ccbench.runner import estimate as estimating
from ccbench.runner import fits as fitting
from ccbench.runner.fits import Fit, time_fit
from ccbench.runner.preparation import prepare
from ccbench.runner.timing import FaceTrial, TimingJob, ViewTrial, do_timing, time_view
from ccbench.runner.work import keep_extractor

if TYPE_CHECKING:
    from tests.conftest import FewPosers

QUICK = ["runs=5"]


@pytest.fixture
def databases(lab: Path, few_posers: FewPosers) -> list[str]:
    return [f"drawn-a={few_posers('drawn-a', 4)}", f"drawn-b={few_posers('drawn-b', 8)}"]


def estimate(
    databases: Sequence[str], *, workers: int = 2, probes: Sequence[str] = ()
) -> estimating.Estimate:
    cache = Cache()
    plan = prepare(
        databases,
        backbone="tiny",
        protocol=load_protocol("quick", QUICK),
        seed=0,
        device="cpu",
        workers=workers,
        plugins=load_plugins(),
        cache=cache,
        observer=Silent(),
        probes=probes,
    )
    return estimating.estimate(plan, workers=workers, cache=cache, observer=Silent())


def counts(found: estimating.Estimate) -> dict[str, tuple[int, int]]:
    return {count.stage: (count.cached, count.anew) for count in found.counts}


def test_heads_of_every_size_count_in_any_order(
    databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # One photograph less: splits of one database have different numbers.
    next(Path(databases[1].partition("=")[2]).glob("p01_sad.png")).unlink()

    def timed(measure: object, fit: Fit, workers: int, count: float) -> dict[str, float]:
        calls.append((fit, workers, count))
        return {"seconds": 0.0, "squared": 3.0 * fit.rows**2, "linear": 7.0 * fit.rows}

    monkeypatch.setattr(fitting, "settled", timed)
    monkeypatch.setattr(estimating, "product_seconds", lambda rows, features: 1e9 * rows)
    heads = []
    for order in (databases, databases[::-1]):
        calls: list[tuple[Fit, int, float]] = []
        found = estimate(order)
        # The largest stands for all.
        ((fit, workers, count),) = calls
        rows = [
            sum(s.database.table[i].poser in split.train for i in s.chosen) * 4
            for s in found.selections
            for split in s.splits
        ]
        assert len(set(rows)) > 2
        assert (fit.rows, workers) == (max(rows), 2)
        assert count == pytest.approx(sum(one**2 for one in rows) / max(rows) ** 2)
        heads.append(found.counts[-1].seconds)
        # Each worker has the inner products of one database, and five of ten fits.
        products = 1e9 * (28 + 55) * 4 / 2
        assert heads[-1] == pytest.approx(sum(3 * r**2 + 7 * r for r in rows) / 2 + products)
        assert found.disk > 8 * (4 * 55) ** 2
    assert heads[0] == heads[1]


@pytest.mark.parametrize(
    ("fit", "calls"),
    [
        # Inner products are shared: they are not part of a fit.
        (Fit(100, 120, 300, 3, 0.1), {"gram"}),
        # Too many photographs for that: each fit computes its own.
        (Fit(100, 7000, 300, 3, 0.1), {"gram", "products"}),
        # Fitted as they are: fewer features than rows, or too many rows.
        (Fit(400, 500, 300, 3, 0.1), {"logistic"}),
        (Fit(6001, 6001, 6002, 3, 0.1), {"logistic"}),
    ],
)
def test_a_fit_is_timed_as_it_runs(
    fit: Fit, calls: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: set[str] = set()

    def spy(name: str, function: Any) -> Any:
        def called(*arguments: Any, **more: Any) -> Any:
            made.add(name)
            assert name != "logistic" or more == {"in_span": False}
            return function(*arguments, **more)

        return called

    monkeypatch.setattr(fitting, "_ROWS", 50)
    monkeypatch.setattr(fitting, "fit_gram", spy("gram", fit_gram))
    monkeypatch.setattr(fitting, "fit_logistic", spy("logistic", fit_logistic))
    monkeypatch.setattr(fitting, "product_seconds", spy("products", fitting.product_seconds))
    found = time_fit(fit)
    assert found["seconds"] == found["squared"] + found["linear"] > 0
    assert bool(found["squared"]) == fit.in_span == ("gram" in calls)
    assert made == calls


def test_faces_are_timed_in_photographs_that_are_new(
    databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_matrix(databases[:1], backbone="tiny", runs=1)
    timed: list[tuple[FaceTrial, int, float]] = []

    def seconds(measure: object, trial: object, workers: int, count: float) -> float:
        if isinstance(trial, FaceTrial):
            timed.append((trial, workers, count))
            return 3.0
        return 0.0

    monkeypatch.setattr(estimating, "settled_seconds", seconds)
    found = estimate(databases)
    ((trial, workers, count),) = timed
    folder = Path(databases[1].partition("=")[2])
    assert {path.read_bytes() for path in folder.iterdir()} > set(trial.photographs)
    assert (workers, count) == (2, 56)
    assert counts(found)["faces"] == (28, 56)
    assert found.counts[0].seconds == 3.0 * 56 / 2


def test_scores_of_heads_that_are_there_are_counted(databases: list[str]) -> None:
    run_matrix(databases[:1], backbone="tiny", protocol=load_protocol("quick", QUICK))
    assert "scores" not in counts(estimate(databases[:1]))
    found = estimate(databases)
    assert counts(found)["scores"] == (0, 5)
    assert counts(found)["heads"] == (5, 5)
    run_matrix(databases, backbone="tiny", protocol=load_protocol("quick", QUICK))
    assert "scores" not in counts(estimate(databases))
    # A probe later, of which one image in six is made for the estimate.
    found = estimate(databases, probes=["mylab-drawn"])
    assert counts(found)["scores"] == (0, 10)
    assert not found.whole
    assert "probe features" not in counts(found)
    run_matrix(
        databases,
        backbone="tiny",
        protocol=load_protocol("quick", QUICK),
        probes=["mylab-drawn"],
    )
    found = estimate(databases, probes=["mylab-drawn"])
    assert found.whole
    assert "scores" not in counts(found)


def _answer(argument: float) -> dict[str, float]:
    return {"seconds": argument}


def test_workers_wait_for_each_other(tmp_path: Path) -> None:
    jobs = [TimingJob(tmp_path, index, 2, _answer, 1.5) for index in range(2)]
    first = threading.Thread(target=do_timing, args=(jobs[0], lambda part: None))
    first.start()
    first.join(0.2)
    assert first.is_alive()
    do_timing(jobs[1], lambda part: None)
    first.join(10)
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["0.json", "1.json"]


def test_what_takes_long_is_timed_in_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "in_all_workers", lambda *_: {"seconds": 9.0})
    assert timing.settled_seconds(_answer, 1.0, 2, 100) == 1.0
    assert timing.settled_seconds(_answer, 1.0, 2, 121) == 9.0
    assert timing.settled_seconds(_answer, 1.0, 1, 121) == 1.0


def _first_come(folder: Path) -> dict[str, float]:
    """Return 1 to whoever asks first, in whatever process, and 4 to others."""
    try:
        (folder / "first").touch(exist_ok=False)
    except FileExistsError:
        return {"seconds": 4.0}
    return {"seconds": 1.0}


def test_the_mean_of_all_workers_counts(tmp_path: Path) -> None:
    assert timing.in_all_workers(_first_come, tmp_path, 2) == {"seconds": 2.5}


@pytest.mark.parametrize("layers", [False, True])
@pytest.mark.usefixtures("lab")
def test_views_are_timed_and_a_network_that_raises_is_named(layers: bool) -> None:
    import torch

    extractor = load_plugins().backbone("tiny").load("cpu")
    identity = BackboneIdentity.of("tiny", extractor, "cpu")
    keep_extractor("tiny", "cpu", extractor)
    taken = time_view(ViewTrial(identity, "cpu", layers))["seconds"]
    assert 0 < taken < math.inf

    def broken(*_: object) -> torch.Tensor:
        raise RuntimeError("shapes cannot be multiplied")

    extractor.module.register_forward_pre_hook(broken)
    with pytest.raises(PluginError, match=r"'tiny' .*its network: RuntimeError: shapes"):
        time_view(ViewTrial(identity, "cpu", layers))
