"""A laboratory's plugin: one of everything, as a package outside of ccbench would have it.

The fixture ``lab_folder`` has pip install it as the distribution ``mylab-ccbench``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from ccbench import hookimpl
from ccbench.datasets import PatternDataset
from ccbench.hookspecs import RegisterBackbone, RegisterDataset, RegisterProbe
from ccbench.interfaces import FeatureExtractor, ProbeSeries, Progress, Stimulus
from ccbench.samples import SampleTable
from ccbench_registry import BackboneCard, DatasetCard, FilePattern, ProbeCard, Terms

POSERS = 4
TERMS = Terms(licence="BSD-3-Clause")


class MyLab:
    """A dataset that draws itself."""

    card = DatasetCard(
        name="mylab",
        title="Faces of my laboratory",
        posers=POSERS,
        terms=TERMS,
        files=FilePattern(pattern=r"(?P<poser>p\d+)_(?P<expression>[a-z]+)\.png"),
    )
    options: Mapping[str, str] = {}
    recipe = "1"

    def generate(self, directory: Path, progress: Progress) -> None:
        from ccbench.testing.drawn import DRAWN_DATABASES, write_database

        database = replace(DRAWN_DATABASES["drawn-b"], name="mylab", posers=POSERS)
        write_database(database, directory, progress=progress)

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        return PatternDataset(self.card).samples(root, options)


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


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    register(MyLab())


@hookimpl
def ccbench_register_backbones(register: RegisterBackbone) -> None:
    register(Tiny())


@hookimpl
def ccbench_register_probes(register: RegisterProbe) -> None:
    register(Smiles())


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
