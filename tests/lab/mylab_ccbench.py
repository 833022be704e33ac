"""A laboratory's plugin: one of everything, as a package outside of ccbench would have it.

The fixture ``lab_folder`` has pip install it as the distribution ``mylab-ccbench``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from ccbench import hookimpl
from ccbench.datasets import PatternDataset
from ccbench.exceptions import ProbeError
from ccbench.hookspecs import RegisterBackbone, RegisterDataset, RegisterProbe
from ccbench.interfaces import Dataset, Family, FeatureExtractor, ProbeSeries, Stimulus
from ccbench.samples import SampleTable
from ccbench_registry import BackboneCard, CardError, DatasetCard, FilePattern, ProbeCard, Terms

POSERS = 4
TERMS = Terms(licence="BSD-3-Clause")


class MyLab:
    """A dataset that draws itself."""

    options: Mapping[str, str] = {}

    def __init__(self, name: str = "mylab", posers: int = POSERS, seed: int = 0) -> None:
        self.card = DatasetCard(
            name=name,
            title="Faces of my laboratory",
            posers=posers,
            terms=TERMS,
            files=FilePattern(pattern=r"(?P<poser>p\d+)_(?P<expression>[a-z]+)\.png"),
            recipe={"posers": posers, "seed": seed},
        )
        self.recipe = f"1, {posers} posers, seed {seed}"
        self.parts = posers
        self.seed = seed

    def generate(self, part: int, directory: Path) -> None:
        from ccbench.testing.drawn import DRAWN_DATABASES, write_poser

        database = replace(
            DRAWN_DATABASES["drawn-b"], name=self.card.name, posers=self.parts, seed=self.seed
        )
        write_poser(database, part + 1, directory)

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        return PatternDataset(self.card).samples(root, options)


def open_recipe(text: str) -> Dataset:
    """Open a member of the family ``labfaces``: the path of a TOML file."""
    path = Path(text)
    if not path.is_file():
        raise CardError(f"no such recipe: {path}")
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return MyLab(found["name"], found["posers"], found.get("seed", 0))


class Tiny:
    """A backbone without weights: grey levels averaged over small squares."""

    card = BackboneCard(
        name="tiny",
        title="Small squares",
        architecture="average pooling",
        layer="pooled",
        weights="none",
        terms=TERMS,
    )

    def load(self, device: str) -> FeatureExtractor:
        from torch import nn

        module = nn.Sequential(nn.AvgPool2d(4), nn.Flatten()).eval().to(device)
        return FeatureExtractor(
            module=module,
            input_size=64,
            mean=(0.5, 0.5, 0.5),
            std=(0.25, 0.25, 0.25),
            feature_shape=(768,),
            layer="pooled",
            layers=("pooled",),
            weights_digest="none",
            recipe="tiny-1",
        )


class Smiles:
    """A probe made of drawn faces, two identities."""

    card = ProbeCard(
        name="mylab-units",
        title="Brows and smiles",
        terms=TERMS,
        action_units=(4, 12),
        intensities=(0.0, 0.5, 1.0),
    )
    options: Mapping[str, str] = {}

    def stimuli(self, root: Path | None, options: Mapping[str, str]) -> ProbeSeries:
        from ccbench.testing.drawn import draw_face, draw_identity

        images: list[Stimulus] = []
        null: dict[str, int] = {}
        for poser in (1, 2):
            who, identity = f"p{poser}", draw_identity("mylab", poser)
            null[who] = len(images)
            images.append(Stimulus(who, 0, 0.0, draw_face(identity, {}, size=64)))
            for unit in self.card.action_units:
                for intensity in self.card.intensities[1:]:
                    pixels = draw_face(identity, {unit: intensity}, size=64)
                    images.append(Stimulus(who, unit, intensity, pixels))
        return ProbeSeries(tuple(images), null)


class Drawn:
    """The images of ``Smiles``, made part by part when they are needed."""

    card = Smiles.card.model_copy(update={"name": "mylab-drawn"})
    options: Mapping[str, str] = {"identities": "how many faces: 1 or 2 (default)"}

    def recipe(self, options: Mapping[str, str]) -> str:
        if options.get("identities", "2") not in {"1", "2"}:
            raise ProbeError("the probe 'mylab-drawn' has 1 or 2 identities")
        return "drawn-1"

    def parts(self, options: Mapping[str, str]) -> tuple[str, ...]:
        count = int(options.get("identities", "2"))
        # The null image last: a part need not hold it.
        return tuple(f"p{who}-{unit}" for who in range(1, count + 1) for unit in (4, 12, 0))

    def generate(self, part: str, options: Mapping[str, str]) -> tuple[Stimulus, ...]:
        who, _, unit = part.partition("-")
        series = Smiles().stimuli(None, {}).stimuli
        return tuple(s for s in series if (s.identity, s.action_unit) == (who, int(unit)))

    def stimuli(self, root: Path | None, options: Mapping[str, str]) -> ProbeSeries:
        raise ProbeError("the probe 'mylab-drawn' reads no folder; drop '=ROOT'")


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    register(MyLab())
    register(Family("labfaces", "Faces by your recipe", "labfaces:RECIPE.toml", open_recipe))


@hookimpl
def ccbench_register_backbones(register: RegisterBackbone) -> None:
    register(Tiny())


@hookimpl
def ccbench_register_probes(register: RegisterProbe) -> None:
    register(Smiles())
    register(Drawn())


@hookimpl
def ccbench_register_commands(cli: click.Group) -> None:
    @cli.command("greet")
    @click.argument("whom")
    def greet(whom: str) -> None:
        """Greet somebody."""
        click.echo(f"My laboratory greets {whom}.")


@hookimpl
def ccbench_run_finished(run: Path) -> None:
    import ccbench

    opened = ccbench.open_run(run)
    (run / "mylab.txt").write_text(f"{len(opened.predictions)} predictions\n")
