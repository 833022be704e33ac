"""A series of action units that a laboratory rendered itself: a folder of images.

FaceGen Modeller, with which the paper's series was made, is commercial, so that no image of
it ships with ccbench.  Any other renderer will do as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ccbench import hookimpl
from ccbench.exceptions import ProbeError
from ccbench.hookspecs import RegisterProbe
from ccbench.interfaces import ProbeSeries
from ccbench_registry import ACTION_UNITS, Citation, ProbeCard, Terms

NAME = "facegen"
CARD = ProbeCard(
    name=NAME,
    title="Your own images of 20 action units, one at a time, from FaceGen or another renderer",
    terms=Terms(
        licence="that of your renderer (FaceGen Modeller is commercial, by Singular Inversions); "
        "ccbench ships no image",
        request="https://facegen.com",
    ),
    citations=(
        Citation(
            text="Inagaki, M., Ito, T., Shinozaki, T., & Fujita, I. (2022). Convolutional neural "
            "networks reveal differences in action units of facial expressions between face image "
            "databases developed in different countries. Frontiers in Psychology, 13, 988302.",
            doi="10.3389/fpsyg.2022.988302",
        ),
    ),
    notes=(
        "The paper's series: 20 action units at 11 intensities from 0 to 1, one at a time, on one "
        "FaceGen face with the texture of the averaged neutral woman of AKDEF, the Averaged KDEF "
        "(Lundqvist & Litton, 1998).",
        "A texture from one of the databases compared may favour the networks trained on it.",
    ),
    action_units=tuple(unit.number for unit in ACTION_UNITS),
    intensities=tuple(step / 10 for step in range(11)),
)


class FaceGenSeries:
    """The probe ``facegen``."""

    card = CARD
    options: Mapping[str, str] = {
        "pattern": "regular expression for the file names, with the groups identity, au and "
        "level (per cent, or a fraction with a point); manifest.csv is then not read",
        "partial": "yes: fewer than the 20 action units are enough",
    }

    def stimuli(self, root: Path | None, options: Mapping[str, str]) -> ProbeSeries:
        """Read the images of a folder, by its ``manifest.csv`` or their names.

        Raises:
            ProbeError: no folder, or a series that is not complete or not one.
        """
        from ccbench_plugins.facegen.listing import list_pictures
        from ccbench_plugins.facegen.series import read_series

        if root is None:
            raise ProbeError(
                f"the probe '{NAME}' reads images that you rendered; give their folder, "
                f"{NAME}=FOLDER"
            )
        if not root.is_dir():
            raise ProbeError(f"{root} is a file; give the probe '{NAME}' the folder it is in")
        partial = options.get("partial", "no")
        if partial not in {"yes", "no"}:
            raise ProbeError(f"'{NAME}[partial={partial}]': give yes or no")
        listing = list_pictures(root, options.get("pattern"))
        return read_series(listing, CARD, partial=partial == "yes")


@hookimpl
def ccbench_register_probes(register: RegisterProbe) -> None:
    """Register ``facegen``."""
    register(FaceGenSeries())
