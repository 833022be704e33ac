"""The Methods section says what the run did."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.reporting.manifests import PROBE, make_manifest, run_of

from ccbench.exceptions import RunError
from ccbench.preprocessing import oval
from ccbench.protocol import Protocol
from ccbench.reporting.citations import reference_list
from ccbench.reporting.methods import methods_paragraphs
from ccbench.results import Run
from ccbench_registry import EXPRESSIONS, Citation


def text_of(manifest: dict[str, Any]) -> str:
    return "\n\n".join(methods_paragraphs(run_of(manifest)))


def test_the_paper_protocol() -> None:
    text = text_of(make_manifest())
    for phrase in (
        "(Inagaki et al., 2022)",
        "kdef (Karolinska Directed Emotional Faces, Sweden; Goeleven et al., 2008; Lundqvist et "
        "al., 1998) and krc (Kokoro Research Center facial expression database, Japan; Ueda et "
        "al., 2019)",
        "From each database, 420 photographs of 60 posers were used.",
        "Of kdef, the photographs with session A and angle S were read.",
        "drawn at random from those who showed every expression",
        "one photograph of an expression",
        "neutral, happy, fearful, sad, angry, surprised and disgusted",
        "224 × 224 pixels",
        "a mean of 128 and a standard deviation of 32",
        "activations of the layer conv5 of AlexNet, pretrained on ImageNet (Krizhevsky et al., "
        "2012",
        "three fully connected layers (4096-4096-7 units)",
        "a dropout of .1",
        "12,000 iterations",
        "mini-batches of 32",
        "0.0001, 0.00001 from iteration 4,000 and 0.000001 from iteration 8,000",
        "with no momentum and no weight decay",
        "50 views: five sizes (0.9, 0.95, 1, 1.05 and 1.1 times the original) × five positions",
        "(0, 0), (−8, −8), (8, −8), (−8, 8) and (8, 8) pixels",
        "In each of 40 runs",
        "40 for training, eight for validation and 12 for testing",
        "80 networks in all",
        "of the other database (swapped test)",
        "the level of chance was 1/7",
        "Python 3.11.7 with PyTorch 2.6.0, on a CPU",
        "the seed 7",
    ):
        assert phrase in text, phrase
    assert "logistic" not in text
    assert "unknown" not in text
    # timm was installed and did nothing.
    assert "timm" not in text


def test_the_quick_protocol() -> None:
    text = text_of(make_manifest(protocol="quick"))
    for phrase in (
        "multinomial logistic regression with seven classes",
        "plus 0.0001 times the squared norm of the weights",
        "four views: two sizes (0.95 and 1.05 times the original) × two reflections",
        "40 for training, eight for validation and 12 for testing",
    ):
        assert phrase in text, phrase
    for word in ("iteration", "dropout", "momentum", "position", "drawn at random from"):
        assert word not in text, word


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path


def changed(path: tuple[str, ...], value: Any) -> Any:
    """Return another value that the protocol may have there."""
    special = {
        ("face", "on_missing_face"): "center",
        ("views", "test"): "all",
        ("views", "sizes"): [0.8, 1.0],
        ("views", "shifts"): [[0, 0], [3, 4]],
        ("head", "hidden"): [2048],
        ("training", "learning_rate"): [[0, 0.5]],
        ("training", "momentum"): 0.5,
        ("head", "dropout"): 0.5,
        ("name",): "ours",
        # How many were drawn is what the manifest says of each database.
        ("photographs", "posers"): 0 if value else 60,
    }
    if path in special:
        return special[path]
    if isinstance(value, bool):
        return not value
    # Weights of a split are at most 1.
    return value / 2 if path[0] == "split" and value < 1 else value + 1


@pytest.mark.parametrize("protocol", ["quick", "inagaki2022"])
def test_no_value_of_the_protocol_is_passed_over(protocol: str) -> None:
    # More posers than the split takes, so that counts of it may grow.
    manifest = make_manifest(protocol=protocol, posers=(70, 70))
    before = text_of(manifest)
    spec = manifest["request"]["protocol"]
    # What names the kind of the protocol or of the head is no value.
    paths = [p for p in leaves(spec) if p not in {("summary",), ("head", "kind"), ("training",)}]
    assert len(paths) > 14
    for path in paths:
        edited = copy.deepcopy(manifest)
        place = edited["request"]["protocol"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = changed(path, place[path[-1]])
        Protocol.model_validate(edited["request"]["protocol"])
        assert text_of(edited) != before, path


@pytest.mark.parametrize(
    ("override", "phrase"),
    [
        ("face.on_missing_face=error", "a face was found in every photograph"),
        ("face.on_missing_face=center", "the central square of the photograph was taken"),
        ("face.crop=1.25", "A square of 1.25 times the side"),
        ("views.test=all", "the outputs of the head averaged over them"),
        ("views.reflections=false", "25 views: five sizes"),
        ("training.momentum=0.9", "a momentum of .9 and no weight decay"),
        ("training.weight_decay=5e-4", "no momentum and a weight decay of 0.0005"),
        ("head.hidden=[256]", "two fully connected layers (256-7 units)"),
        ("head.dropout=0", "with rectified linear units between them;"),
        ("photographs.per_cell=2", "up to two photographs of an expression"),
        ("photographs.posers=0", "Posers who did not show every expression were left out."),
        ("split.train=30", "30 for training, eight for validation and 12 for testing"),
        ("runs=9", "In each of nine runs"),
        ("runs=2", "With fewer than three runs, rates were not tested over runs"),
        ("runs=1", "In a single run"),
    ],
)
def test_a_value_that_was_set(override: str, phrase: str) -> None:
    assert phrase in text_of(make_manifest(overrides=[override]))


def test_the_arithmetic_is_told_where_it_was_not_the_usual() -> None:
    manifest = make_manifest()
    for engine, phrase in (
        ("float32", "written after every block of mini-batches, with the updates that were"),
        ("bfloat16", "matrix products had factors of 16 bits (bfloat16), while sums"),
    ):
        manifest["request"]["engine"] = engine
        assert phrase in text_of(manifest)
        assert ("bfloat16" in text_of(manifest)) == (engine == "bfloat16")
    manifest["request"]["engine"] = "reference"
    assert "block" not in text_of(manifest)
    manifest["backbone"]["precision"] = "float32"
    assert "16 bits" not in text_of(manifest)
    manifest["backbone"]["precision"] = "bfloat16"
    assert "After the first layer, activations were computed from numbers of 16" in text_of(
        manifest
    )


def test_posers_beyond_the_split_are_told() -> None:
    sentence = "Posers beyond these numbers were not used in that run."
    assert sentence in text_of(make_manifest(posers=(70, 60)))
    assert sentence not in text_of(make_manifest())


def test_one_untouched_view() -> None:
    overrides = ["views.sizes=[1.0]", "views.shifts=[[0, 0]]", "views.reflections=false"]
    text = text_of(make_manifest(overrides=overrides))
    assert "Every face was shown as it was, without further views." in text


def test_databases_that_differ() -> None:
    manifest = make_manifest(
        ["kdef[session=A+B]", "mine", "krc[pattern=(x),view=d]"],
        protocol="quick",
        posers=(60, 10, 74),
        photographs=(840, 60, 518),
        expressions=(EXPRESSIONS, EXPRESSIONS[1:], EXPRESSIONS),
    )
    text = text_of(manifest)
    for phrase in (
        "Three databases of posed facial expressions were compared",
        "Of kdef[session=A+B], the photographs with session A or B and angle S were read.",
        "Of krc[pattern=(x),view=d], the photographs with view d were read.",
        "The pictures of mine (seed 303) were made by a computer from a recipe",
        "840 photographs of 60 posers (kdef[session=A+B]), 60 photographs of 10 posers (mine) and "
        "518 photographs of 74 posers",
        "happy, fearful, sad, angry, surprised and disgusted in mine;",
        "seven for training, one for validation and two for testing (mine)",
        "49 for training, 10 for validation and 15 for testing (krc[pattern=(x),view=d])",
        "seven (kdef[session=A+B]), six (mine) and seven (krc[pattern=(x),view=d]) classes",
        "one divided by the number of expressions that the network could choose",
        "had not been trained on were not scored",
        "of every other database (swapped test)",
        "120 networks",
    ):
        assert phrase in text, phrase


def test_one_database() -> None:
    text = text_of(make_manifest(["rendered"], protocol="quick", probes=[PROBE]))
    assert "One database of posed facial expressions was used: rendered (Rendered faces)." in text
    assert "The analysis included 420 photographs of 60 posers." in text
    assert "With one database there was nothing to compare." in text
    for word in ("swapped", "own test", "each database", "between databases"):
        assert word not in text, word


def test_probes() -> None:
    text = text_of(make_manifest(probes=[PROBE]))
    for phrase in (
        "The series series (Three units) had three AUs (AUs 4, 6 and 12) at two intensities (.5 "
        "to 1), and a null image without any, on four identities (28 pictures in all).",
        "before softmax minus its output for the null image of the same identity",
        "Spearman's rank correlation",
        "permuting AUs, each with all of its intensities, and corrected by Holm's method",
        "(all 5,040 orders)",
    ):
        assert phrase in text, phrase
    without = text_of(make_manifest())
    for word in ("AU", "probe", "profile", "softmax"):
        assert word not in without, word
    # A manifest that says no more of the probe than its name.
    assert "The series was au." in text_of(make_manifest(probes=[{"name": "au"}]))


def test_the_two_columns_of_statistics() -> None:
    text = text_of(make_manifest())
    assert "“as published” (Inagaki et al., 2022), took runs as independent replicates" in text
    assert "“to new posers”, asks whether other posers would" in text
    assert "bootstrap-t over posers" in text
    few = text_of(make_manifest(overrides=["runs=2"]))
    assert "bootstrap-t" not in few
    assert "permuting posers" in few
    assert "ANOVA-type" in few
    assert "Bonferroni" not in few
    probed = text_of(make_manifest(overrides=["runs=2"], probes=[PROBE]))
    assert "tested with every point or cell as a separate observation" in probed


def test_what_is_cited_is_in_the_reference_list() -> None:
    work = Citation(text="Alm, P. (2001). A series. Mind, 1, 2–3.")
    probe = copy.deepcopy(PROBE)
    probe["card"]["citations"] = [work.model_dump()]
    manifest = make_manifest(["kdef", "krc", "rendered"], probes=[probe], citations=[work])
    text = text_of(manifest)
    entries = reference_list(run_of(manifest))
    cited = {
        (author, year)
        for author, year in re.findall(
            r"[(;] ?((?:The )?[\w-]+(?: [\w-]+)*?)(?: et al\.)?, (\d{4}|n\.d\.)(?=[;)])", text
        )
    }
    assert ("Alm", "2001") in cited
    assert len(cited) == len(entries) == 7
    for author, year in cited:
        assert any(e.startswith(author) and f"({year})" in e for e in entries), (author, year)


@pytest.mark.parametrize("protocol", ["quick", "inagaki2022"])
@pytest.mark.parametrize("databases", [["kdef"], ["kdef", "krc"], ["a", "b", "c", "kdef"]])
def test_paragraphs_are_clean(protocol: str, databases: list[str]) -> None:
    for probes in ([], [PROBE, {"name": "au"}]):
        for paragraph in methods_paragraphs(
            run_of(make_manifest(databases, protocol, probes=probes))
        ):
            assert paragraph[0].isupper()
            assert paragraph.endswith(".")
            assert not re.search(r"  |\.\.| ,| \.(?!\d)|\(\)|None|nan|[{}]|;;|\( ", paragraph), (
                paragraph
            )


def test_the_oval_is_as_described() -> None:
    inside = oval(1000) > 0.5
    assert inside[500].sum() == pytest.approx(2 * 0.40 * 1000, abs=3)
    assert inside[:, 500].sum() == pytest.approx(2 * 0.49 * 1000, abs=3)
    assert np.count_nonzero(inside) == pytest.approx(np.pi * 400 * 490, rel=0.01)
    assert "semi-axes of .40 and .49" in text_of(make_manifest())


def test_a_finished_run(tiny_run: Run) -> None:
    text = "\n\n".join(methods_paragraphs(tiny_run))
    splits = tiny_run.table("splits")
    counts = splits[splits["run"] == 0].groupby(["database", "part"]).size()
    assert counts.groupby("part").nunique().eq(1).all()
    words = {7: "seven", 1: "one", 2: "two"}
    train, validation, test = (words[counts["drawn-a", p]] for p in ("train", "validation", "test"))
    assert f"{train} for training, {validation} for validation and {test} for testing" in text
    used = tiny_run.photographs.query("used")
    (photographs,) = set(used.groupby("database").size())
    (posers,) = set(used.groupby("database")["poser"].nunique())
    assert f"{photographs} photographs of {posers} posers" in text
    # The backbone of this run takes small pictures.
    assert "64 × 64 pixels" in text
    assert "layer pooled (768 features) of Small squares" in text
    assert "two runs" in text


def test_a_manifest_of_another_version() -> None:
    manifest = make_manifest()
    del manifest["request"]["protocol"]["head"]
    with pytest.raises(RunError, match="was made by another version of ccbench"):
        methods_paragraphs(run_of(manifest))
