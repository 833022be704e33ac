"""A run directory is taken up only when nothing of it is lost."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ccbench.exceptions import RunError
from ccbench.protocol import load_protocol
from ccbench.results import MANIFEST, REQUEST
from ccbench.runner import Request


def request(*overrides: str) -> Request:
    protocol = load_protocol("quick", ["runs=3", *overrides])
    contents = {"a": "photographs of a", "b": "photographs of b"}
    return Request(("a", "b"), "alexnet", protocol, 0, "cpu", contents, "weights")


def finished(folder: Path, done: Request) -> None:
    done.claim(folder)
    (folder / MANIFEST).write_text(json.dumps({"request": done.as_dict()}))


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    request().claim(tmp_path / "deep" / "run")
    kept = json.loads((tmp_path / "deep" / "run" / REQUEST).read_text())
    assert kept == request().as_dict()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    request().claim(tmp_path)
    assert (tmp_path / REQUEST).is_file()


@pytest.mark.parametrize(
    "more",
    [
        request(),
        request("runs=5"),
        replace(request(), databases=("a", "b", "c")),
        replace(request(), databases=("c", "b", "a")),
        replace(request(), device="cpu:0"),
    ],
)
def test_the_same_run_and_more_of_it_are_taken_up(tmp_path: Path, more: Request) -> None:
    finished(tmp_path, request())
    more.claim(tmp_path)
    assert json.loads((tmp_path / REQUEST).read_text()) == more.as_dict()


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (request("runs=2"), "with 3 runs, 2 are asked"),
        (replace(request(), databases=("a",)), "with the database b"),
        (replace(request(), backbone="timm:resnet18"), "backbone alexnet, not timm:resnet18"),
        (replace(request(), seed=1), "seed 0, not 1"),
        (replace(request(), device="cuda"), "device cpu, not cuda"),
        (request("face.sd=30", "head.ridge=1"), "protocol with another face, head"),
        (
            replace(request(), contents={"a": "photographs of a", "b": "others"}),
            "on other photographs or labels of 'b'",
        ),
        (replace(request(), weights="others"), "with other weights of the backbone"),
    ],
)
def test_another_run_is_refused_once_it_is_finished(
    tmp_path: Path, other: Request, reason: str
) -> None:
    request().claim(tmp_path)
    # Nothing is lost of a run that was never finished.
    other.claim(tmp_path)
    finished(tmp_path, request())
    with pytest.raises(RunError, match="holds another run") as refused:
        other.claim(tmp_path)
    assert f"({reason})" in str(refused.value)
    assert json.loads((tmp_path / REQUEST).read_text()) == request().as_dict()


def test_what_a_later_start_asked_for_in_vain_does_not_count(tmp_path: Path) -> None:
    finished(tmp_path, request())
    request("runs=5").claim(tmp_path)
    request().claim(tmp_path)
    assert json.loads((tmp_path / REQUEST).read_text()) == request().as_dict()


def test_other_photographs_have_another_folder() -> None:
    others = replace(request(), contents={"a": "photographs of a", "b": "others"})
    assert others.default_directory() != request().default_directory()


def test_a_request_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / REQUEST).write_text('{"datasets": ["a"]}')
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(RunError, match="made by another version"):
        request().claim(tmp_path)


def test_a_request_cut_short_is_refused(tmp_path: Path) -> None:
    request().claim(tmp_path)
    path = tmp_path / REQUEST
    path.write_text(path.read_text()[:40])
    with pytest.raises(RunError, match="is damaged") as refused:
        request().claim(tmp_path)
    assert str(path) in str(refused.value)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(RunError, match="not empty and holds no run"):
        request().claim(tmp_path)
    with pytest.raises(RunError, match="is a file"):
        request().claim(tmp_path / "thesis.txt")
    with pytest.raises(RunError, match="cannot write"):
        request().claim(tmp_path / "thesis.txt" / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_default_directory_names_the_run() -> None:
    path = request().default_directory()
    assert path.parent == Path("runs")
    assert path.name.startswith("a+b-alexnet-quick-")


def test_the_default_directory_is_the_same_for_more_runs_and_differs_otherwise() -> None:
    base = request()
    assert request("runs=9").default_directory() == base.default_directory()
    others = [
        replace(base, seed=1),
        replace(base, device="cuda"),
        replace(base, databases=("b", "a")),
        request("head.ridge=1"),
    ]
    names = {other.default_directory() for other in (base, *others)}
    assert len(names) == 1 + len(others)


def test_the_default_directory_is_a_plain_name() -> None:
    odd = replace(request(), databases=("kdef[session=A+B]", "../up"), backbone="timm:x@/w.pth")
    path = odd.default_directory()
    assert path.parent == Path("runs")
    assert not set(path.name) & set("/[]:@= ")
    many = replace(request(), databases=tuple(f"database-number-{n}" for n in range(40)))
    assert len(many.default_directory().name) < 120


def test_a_probe_may_be_added_but_not_lost_or_changed(tmp_path: Path) -> None:
    plain, probed = request(), replace(request(), probes={"au": "images"})
    finished(tmp_path, plain)
    probed.claim(tmp_path)
    finished(tmp_path, probed)
    with pytest.raises(RunError, match="another run \\(with the probe au\\)"):
        plain.claim(tmp_path)
    with pytest.raises(RunError, match="with other images of the probe 'au'"):
        replace(probed, probes={"au": "others"}).claim(tmp_path)


def test_a_run_from_before_there_were_probes_is_taken_up(tmp_path: Path) -> None:
    finished(tmp_path, request())
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    del manifest["request"]["probes"]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    replace(request(), probes={"au": "images"}).claim(tmp_path)


def test_runs_with_and_without_a_probe_have_places_of_their_own() -> None:
    plain, probed = request(), replace(request(), probes={"au": "images"})
    assert plain.default_directory() != probed.default_directory()
    assert probed.default_directory() == replace(probed).default_directory()


def test_a_layer_may_be_added_but_not_lost(tmp_path: Path) -> None:
    probed = replace(request(), probes={"au": "images"})
    one, two = replace(probed, layers=("conv5",)), replace(probed, layers=("conv1", "conv5"))
    finished(tmp_path, probed)
    one.claim(tmp_path)
    finished(tmp_path, one)
    two.claim(tmp_path)
    finished(tmp_path, two)
    for less, lost in ((one, "conv1"), (probed, "conv1, conv5")):
        with pytest.raises(RunError, match=rf"another run \(with the layer {lost}\)"):
            less.claim(tmp_path)


def test_a_run_from_before_there_were_layers_is_taken_up_and_keeps_its_place(
    tmp_path: Path,
) -> None:
    probed = replace(request(), probes={"au": "images"})
    finished(tmp_path, probed)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    del manifest["request"]["probe_layers"]
    del manifest["request"]["engine"]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    replace(probed, layers=("conv5",)).claim(tmp_path)
    # Named by what versions before this one knew of.
    new = {"databases", "probe_layers", "engine", "mixtures"}
    known = {k: v for k, v in probed.as_dict().items() if k not in new}
    known["protocol"] = {k: v for k, v in known["protocol"].items() if k not in {"runs", "summary"}}
    text = json.dumps([["a", "b"], known], sort_keys=True)
    assert probed.default_directory().name.endswith(hashlib.sha256(text.encode()).hexdigest()[:6])
    assert replace(probed, layers=("conv5",)).default_directory() != probed.default_directory()


def test_another_engine_is_another_run(tmp_path: Path) -> None:
    trained = replace(request(), engine="bfloat16")
    finished(tmp_path, trained)
    with pytest.raises(RunError, match="trained with the engine bfloat16"):
        replace(trained, engine="float32").claim(tmp_path)
    trained.claim(tmp_path)
    other = replace(trained, engine="float32")
    assert other.default_directory() != trained.default_directory()


def test_a_mixture_may_be_added_but_not_lost_and_has_a_place_of_its_own(tmp_path: Path) -> None:
    plain, mixed = request(), replace(request(), mixtures=("a+b",))
    finished(tmp_path, plain)
    mixed.claim(tmp_path)
    finished(tmp_path, mixed)
    replace(mixed, mixtures=("a:0.75+b:0.25", "a+b")).claim(tmp_path)
    with pytest.raises(RunError, match=r"another run \(with the mixture a\+b\)"):
        plain.claim(tmp_path)
    assert plain.default_directory() != mixed.default_directory()


def test_a_request_somebody_changed_is_refused(tmp_path: Path) -> None:
    finished(tmp_path, request())
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    manifest["request"]["contents"] = ["a", "b"]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="made by another version"):
        request().claim(tmp_path)
