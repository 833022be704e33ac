"""``ccbench datasets mimic``: a rendered folder that is laid out like a licensed database.

A loader that has a ``layout`` (``ccbench.interfaces.MimickedDataset``) says which files
there are; here they are rendered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ccbench.exceptions import DatasetError

if TYPE_CHECKING:
    from ccbench.interfaces import MimickedDataset, MimickedPhotograph
    from ccbench.plugins import Plugins
    from ccbench.runner.observer import Observer
    from ccbench_plugins.rendered.mimic_photographs import Sitting

NOTE: Final = "MIMIC.txt"
"""File in the folder that says what it is."""


def mimic_dataset(
    dataset: MimickedDataset,
    out: Path,
    *,
    posers: int,
    seed: int,
    size_factor: float,
    quirks: bool,
    workers: int,
    observer: Observer,
) -> int:
    """Render a folder that is laid out like a database; it appears whole or not at all.

    Args:
        dataset: says which files there are.
        out: a folder that does not exist yet, or is empty.
        posers: how many; at most as many as the database has.
        seed: equal seeds give equal bytes, whatever the number of workers.
        size_factor: on the sizes of the photographs.
        quirks: whether misnamed, damaged and missing files are as in the distribution.
        workers: processes.
        observer: told how many photographs are done.

    Returns:
        How many photographs were made.

    Raises:
        DatasetError: the folder is not empty or cannot be written, there are not so many
            posers, or photographs of such a size cannot be rendered.
    """
    from ccbench import __version__
    from ccbench.atomic import new_directory, refuse_taken
    from ccbench.executors import map_tasks
    from ccbench.interfaces import MimickedTexts
    from ccbench.plugins import plugin_code
    from ccbench_plugins.rendered.mimic_photographs import make_photographs

    card = dataset.card
    if card.posers is not None and posers > card.posers:
        raise DatasetError(f"{card.name} has {card.posers} posers, not {posers}; ask for fewer")
    refuse_taken(out, DatasetError)
    out = out.resolve()
    with plugin_code("dataset", card.name, "layout()"):
        layout = dataset.layout(posers, quirks=quirks)
    try:
        if out.is_dir():
            out.rmdir()
        with new_directory(out) as scratch:
            sittings = _sittings(layout, scratch, card.name, seed, size_factor)
            observer.stage(f"rendering {card.name}", len(layout))
            done = [0.0] * len(sittings)

            def progress(index: int, fraction: float) -> None:
                sitting = sittings[index].photographs
                observer.advance((fraction - done[index]) * len(sitting), sitting[0].poser)
                done[index] = fraction

            map_tasks(make_photographs, sittings, workers=workers, progress=progress)
            if isinstance(dataset, MimickedTexts):
                _write_texts(dataset.texts(posers, quirks=quirks), scratch)
            (scratch / NOTE).write_text(
                f"Rendered by ccbench {__version__}: the layout and file names of {card.name}, no "
                f"photograph of anyone.\n{posers} posers, seed {seed}, size factor "
                f"{size_factor:g}, quirks {'as documented' if quirks else 'none'}.\n",
                encoding="utf-8",
            )
    except OSError as error:
        raise DatasetError(f"cannot write {error.filename or out}: {error.strerror}") from None
    if any(not (out / photograph.path).is_file() for photograph in layout):
        raise DatasetError(f"somebody else filled {out} in the meantime; name another folder")
    return len(layout)


def _write_texts(texts: Mapping[str, str], folder: Path) -> None:
    for name, content in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _sittings(
    layout: Sequence[MimickedPhotograph],
    folder: Path,
    database: str,
    seed: int,
    size_factor: float,
) -> list[Sitting]:
    """Group the photographs by poser and session, in the layout's order.

    Raises:
        DatasetError: photographs of such a size cannot be rendered.
    """
    from ccbench_plugins.rendered.mimic_photographs import Sitting
    from ccbench_plugins.rendered.renderer import LARGEST, SMALLEST

    if not size_factor > 0:
        raise DatasetError(f"the size factor {size_factor:g} is not above 0")
    groups: dict[tuple[str, str], list[MimickedPhotograph]] = {}
    for photograph in layout:
        groups.setdefault((photograph.poser, photograph.session), []).append(photograph)
    sittings = [
        Sitting(folder, database, seed, size_factor, tuple(group)) for group in groups.values()
    ]
    for sitting in sittings:
        for width, height in map(sitting.size, sitting.photographs):
            if not SMALLEST <= min(width, height) <= max(width, height) <= LARGEST:
                raise DatasetError(
                    f"the size factor {size_factor:g} makes photographs of {width} x {height} "
                    f"pixels; the sides can be {SMALLEST} to {LARGEST}"
                )
    return sittings


def open_mimicked(plugins: Plugins, name: str) -> MimickedDataset:
    """Return a dataset that describes its folder.

    Raises:
        UnknownNameError: no such dataset.
        DatasetError: it does not describe its folder; those that do are named.
    """
    from ccbench.interfaces import MimickedDataset

    dataset = plugins.dataset(name)
    if not isinstance(dataset, MimickedDataset):
        can = [n for n in plugins.datasets if isinstance(plugins.datasets.get(n), MimickedDataset)]
        raise DatasetError(
            f"the dataset '{name}' does not describe its folder; there are: {', '.join(can)}"
        )
    return dataset


@click.command("mimic")
@click.argument("name")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--posers", type=click.IntRange(min=1), default=10, show_default=True, help="How many posers."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides every pixel."
)
@click.option(
    "--size-factor",
    type=click.FloatRange(min=0, min_open=True, max=4),
    default=1.0,
    show_default=True,
    help="Factor on the width and height of the photographs.",
)
@click.option(
    "--quirks/--no-quirks",
    default=True,
    show_default=True,
    help="With the misnamed, damaged and missing files that are known; posers who have some "
    "come first.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes. Default: all cores.")
def mimic(
    name: str,
    out: Path,
    posers: int,
    seed: int,
    size_factor: float,
    quirks: bool,
    workers: int | None,
) -> None:
    """Render a folder OUT that is laid out like the database NAME.

    It has the database's layout, file names, sizes and known quirks, and rendered faces, so
    that everything around a licensed database can be tried without it.
    """
    from rich.console import Console

    from ccbench.cli.progress import Bars
    from ccbench.executors import available_cores
    from ccbench.plugins import load_plugins

    dataset = open_mimicked(load_plugins(), name)
    with Bars(Console()) as bars:
        count = mimic_dataset(
            dataset,
            out,
            posers=posers,
            seed=seed,
            size_factor=size_factor,
            quirks=quirks,
            workers=workers or available_cores(),
            observer=bars,
        )
    click.echo(f"{out}: {count} rendered photographs in the layout of {name}")
    click.echo(f"Look at it: ccbench datasets check {name}={out}")
