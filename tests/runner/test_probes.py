"""Probes in a run: what is computed, once, and what the table of responses holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.runner.heard import Heard, entries

from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError, ProbeError, UnknownNameError
from ccbench.features import normalise
from ccbench.heads import as_tensor, load_head
from ccbench.interfaces import ProbeSeries, Stimulus
from ccbench.plugins import load_plugins
from ccbench.preprocessing import (
    FaceRecipe,
    crop_square,
    equalise,
    find_face,
    grey_from_bgr,
)
from ccbench.protocol import load_protocol
from ccbench.results import MANIFEST, RESPONSE_COLUMNS, Run, open_run
from ccbench.runner import Silent, run_matrix
from ccbench.runner.estimate import estimate
from ccbench.runner.preparation import prepare

if TYPE_CHECKING:
    from tests.conftest import FewPosers

READ, DRAWN = "mylab-units", "mylab-drawn"


@pytest.fixture
def databases(lab: Path, few_posers: FewPosers) -> list[str]:
    return [f"{name}={few_posers(name, 5)}" for name in ("drawn-a", "drawn-b")]


def run(databases: Sequence[str], out: Path, *probes: str, **more: Any) -> Run:
    given: dict[str, Any] = {"backbone": "tiny", "runs": 2, **more}
    return run_matrix(databases, out=out, probes=probes, **given)


def test_responses_are_those_of_the_trained_heads(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    import torch

    table = run(databases, tmp_path / "out", READ).responses
    assert tuple(table.columns) == RESPONSE_COLUMNS
    stimuli = load_plugins().probe(READ).stimuli(None, {})
    assert len(table) == 2 * 2 * len(stimuli.stimuli) * 7
    # Worked out anew, one image at a time, for the heads in the cache.
    extractor = load_plugins().backbone("tiny").load("cpu")
    cells = open_run(tmp_path / "out").table("runs").set_index(["database", "run"])["cell"]
    for pair, part in table.groupby(["database", "run"], sort=False):
        head = load_head(Cache(own_cache).path("heads", cells.to_dict()[pair]))
        logits: dict[tuple[str, int, float], np.ndarray[Any, Any]] = {}
        for stimulus in stimuli.stimuli:
            null = stimuli.stimuli[stimuli.null[stimulus.identity]]
            found = find_face(grey_from_bgr(null.pixels))
            assert found
            (x, y, side), _ = found
            box = (x, y, side * FaceRecipe().crop)
            face, _ = equalise(crop_square(grey_from_bgr(stimulus.pixels), box, 64), 128, 32)
            with torch.inference_mode():
                values = extractor.module(normalise(face[None], extractor, "cpu"))
                half = values.to(torch.float16).numpy()
                key = (stimulus.identity, stimulus.action_unit, stimulus.intensity)
                logits[key] = head.logits(as_tensor(half, "cpu")).numpy()[0]
        for (who, unit, level), expected in logits.items():
            rows = part[part["identity"].eq(who) & part["intensity"].eq(level)]
            rows = rows[rows["action_unit"] == unit]
            assert rows["expression"].tolist() == list(head.expressions)
            assert rows["logit"].to_numpy() == pytest.approx(expected, abs=1e-4)
            change = expected - logits[who, 0, 0.0]
            assert rows["response"].to_numpy() == pytest.approx(change, abs=1e-4)
    nothing = table[table["action_unit"] == 0]
    assert len(nothing) == 2 * 2 * 2 * 7
    assert not nothing["response"].any()
    assert nothing["logit"].all()
    assert table.loc[table["action_unit"] > 0, "response"].abs().gt(1e-3).mean() > 0.9


def test_a_probe_added_later_trains_nothing(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    plain = run(databases, out)
    before = {kind: entries(own_cache, kind) for kind in ("heads", "scores", "features")}
    probed = run(databases, out, READ)
    assert entries(own_cache, "heads") == before["heads"]
    scores = entries(own_cache, "scores")
    assert len(scores) == len(before["scores"]) + 2 * 2
    assert {key: scores[key] for key in before["scores"]} == before["scores"]
    # One more task of features for each identity.
    assert len(entries(own_cache, "features")) == len(before["features"]) + 2
    assert probed.predictions.equals(plain.predictions)


def test_another_database_computes_only_its_own_responses(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    old = run(databases[:1], tmp_path / "out", READ).responses
    before = {kind: entries(own_cache, kind) for kind in ("scores", "probes", "heads")}
    two = run(databases, tmp_path / "out", READ)
    assert len(entries(own_cache, "heads")) == len(before["heads"]) + 2
    # Each run: the new head on two databases and the probe, the old one on the new database.
    assert len(entries(own_cache, "scores")) == len(before["scores"]) + 2 * 4
    assert entries(own_cache, "probes") == before["probes"]
    table = two.responses
    kept = table[table["database"] == "drawn-a"].reset_index(drop=True)
    assert kept.equals(old)


def test_images_made_in_parts_answer_as_those_that_were_read(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    read = run(databases, tmp_path / "read", READ).responses
    scores = entries(own_cache, "scores")
    drawn = run(databases, tmp_path / "drawn", DRAWN, workers=2).responses
    # The same pixels are the same stimuli: in another order, so that tasks are named anew.
    keys = ["database", "run", "identity", "action_unit", "intensity", "expression"]
    pair = read.merge(drawn, on=keys, suffixes=("", "_drawn"), validate="1:1")
    assert len(pair) == len(read)
    assert pair["logit"].to_numpy() == pytest.approx(pair["logit_drawn"].to_numpy(), abs=1e-5)
    assert set(drawn["probe"]) == {DRAWN}
    assert len(entries(own_cache, "probes")) == 1 + 2 * 3
    assert entries(own_cache, "scores").keys() > scores.keys()


def test_workers_change_no_byte(databases: list[str], tmp_path: Path) -> None:
    found = [
        run(
            databases,
            tmp_path / f"out{workers}",
            DRAWN,
            READ,
            workers=workers,
            cache=tmp_path / f"cache{workers}",
        )
        for workers in (1, 2)
    ]
    one, two = ((done.path / "responses.parquet").read_bytes() for done in found)
    assert one == two
    assert list(dict.fromkeys(found[0].responses["probe"])) == [DRAWN, READ]


def test_a_part_cut_short_is_made_again(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    first = run(databases, tmp_path / "out", DRAWN)
    wanted = (first.path / "responses.parquet").read_bytes()
    image = sorted((own_cache / "probes").rglob("*.png"))[0]
    whole = image.read_bytes()
    image.write_bytes(whole[:40])
    again = run(databases, tmp_path / "out", DRAWN)
    assert image.read_bytes() == whole
    assert (again.path / "responses.parquet").read_bytes() == wanted


def test_the_manifest_describes_the_probes(databases: list[str], tmp_path: Path) -> None:
    done = run(databases, tmp_path / "out", f"{DRAWN}[identities=1]", READ)
    one, two = done.manifest["probes"]
    assert one["name"] == f"{DRAWN}[identities=1]"
    assert one["options"] == {"identities": "1"}
    assert (one["identities"], one["stimuli"]) == (1, 5)
    assert (two["identities"], two["stimuli"]) == (2, 10)
    assert two["card"]["action_units"] == [4, 12]
    assert one["digest"] != two["digest"]
    assert done.manifest["request"]["probes"] == {p["name"]: p["digest"] for p in (one, two)}
    assert "probes" in done.manifest["seconds"]


def test_a_run_without_a_probe_has_no_responses(databases: list[str], tmp_path: Path) -> None:
    done = run(databases, tmp_path / "out", runs=1)
    assert done.manifest["probes"] == []
    assert done.responses.empty
    assert tuple(done.responses.columns) == RESPONSE_COLUMNS
    assert not (done.path / "responses.parquet").exists()
    # As one from before there were probes.
    manifest = dict(done.manifest)
    del manifest["probes"]
    (done.path / MANIFEST).write_text(json.dumps(manifest))
    old = open_run(done.path)
    assert old.responses.empty
    assert len(old.query("select * from predictions")) == len(done.predictions)


def test_responses_can_be_asked_with_sql(databases: list[str], tmp_path: Path) -> None:
    done = run(databases, tmp_path / "out", READ)
    found = done.query("select max(intensity) as top, count(*) as n from responses")
    assert (found["top"][0], found["n"][0]) == (1.0, len(done.responses))
    (done.path / "responses.parquet").unlink()
    with pytest.raises(CcbenchError, match=r"responses\.parquet is missing"):
        open_run(done.path).query("select 1")


def test_a_finished_run_makes_and_computes_nothing_again(
    databases: list[str], tmp_path: Path
) -> None:
    heard = [Heard(), Heard()]
    for observer in heard:
        run(databases, tmp_path / "out", DRAWN, observer=observer)
    assert ("making probe images", 6) in heard[0].stages
    assert ("cropping probe images", 2) in heard[0].stages
    assert ("probe features", 2) in heard[0].stages
    names = [name for name, _ in heard[1].stages]
    assert names == ["reading photographs", "writing tables"]


def test_a_dry_run_counts_the_probe(databases: list[str], own_cache: Path) -> None:
    def count() -> dict[str, tuple[int, int]]:
        cache = Cache(own_cache)
        plan = prepare(
            databases,
            backbone="tiny",
            protocol=load_protocol("quick", ["runs=2"]),
            seed=0,
            device="cpu",
            workers=1,
            plugins=load_plugins(),
            cache=cache,
            observer=Silent(),
            probes=[DRAWN],
        )
        found = estimate(plan, workers=1, cache=cache, observer=Silent())
        return {entry.stage: (entry.cached, entry.anew) for entry in found.counts}

    assert count()["probe images"] == (1, 5)
    run(databases, own_cache.parent / "out", DRAWN)
    assert count()["probe images"] == (6, 0)
    assert count()["probe features"] == (10, 0)


class Broken:
    """A probe whose images tests choose."""

    options: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, *stimuli: Stimulus) -> None:
        self.card = load_plugins().probe(READ).card.model_copy(update={"name": "broken"})
        self.images = stimuli

    def stimuli(self, root: Path | None, options: object) -> ProbeSeries:
        return ProbeSeries.of(self.images)


GREY = np.full((64, 64), 128, np.uint8)
NULL = Stimulus("p1", 0, 0.0, GREY)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        ([NULL], "the probe 'broken': no frontal face found in the null image of 'p1'"),
        ([NULL, NULL], "gives no usable series: the identity 'p1' has two null images"),
        ([NULL, Stimulus("p1", 12, 1.0, GREY[1:])], "at 64 x 63 pixels, its null image has"),
    ],
)
def test_images_that_cannot_be_used_stop_before_any_head(
    databases: list[str], own_cache: Path, tmp_path: Path, images: list[Stimulus], sentence: str
) -> None:
    plugins = load_plugins()
    plugins.probes.add("broken", Broken(*images), "test")
    with pytest.raises(ProbeError) as caught:
        run(databases, tmp_path / "out", "broken", plugins=plugins)
    assert sentence in str(caught.value)
    assert not entries(own_cache, "heads")


@pytest.mark.parametrize(
    ("probe", "kind", "sentence"),
    [
        ("mylab-unit", UnknownNameError, "did you mean 'mylab-units'?"),
        (f"{READ}[identities=4]", ProbeError, f"the probe '{READ}' has no option 'identities'"),
        (f"{DRAWN}[identities=3]", ProbeError, "has 1 or 2 identities"),
        (f"{DRAWN}=.", ProbeError, "reads no folder"),
        (f"{READ}=nowhere", ProbeError, f"the probe '{READ}': no such folder: nowhere"),
        (f"{READ}[", ProbeError, "cannot read the probe"),
    ],
)
def test_bad_probes_are_refused_before_the_run_begins(
    databases: list[str],
    tmp_path: Path,
    probe: str,
    kind: type[CcbenchError],
    sentence: str,
) -> None:
    with pytest.raises(kind) as caught:
        run(databases, tmp_path / "out", probe)
    assert sentence in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_probe_is_given_once(databases: list[str], tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="the probe 'mylab-units' is given 2 times"):
        run(databases, tmp_path / "out", READ, READ)
