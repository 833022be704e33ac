"""One error tree: everything ccbench refuses, each in one sentence for the user.

::

    CcbenchError
    ├── CardError            a TOML card that cannot be read or does not validate
    ├── UnknownNameError     no dataset, backbone, protocol or key of that name
    ├── DuplicateNameError   two plugins register one name
    ├── PluginError          a plugin that cannot be loaded, used, checked or written
    ├── DatasetError         a folder, manifest or label that cannot be used
    ├── ImageError           a photograph that cannot be decoded
    ├── ProbeError           a probe whose images or options cannot be used
    ├── ProtocolError        a protocol with a wrong value
    ├── SplitError           too few posers, or none left
    ├── TermsError           terms of a licensed database that were not accepted
    ├── LeakageError         one poser or one photograph on both sides of a split
    ├── BackboneError        weights that cannot be loaded, or are not those expected
    ├── DivergedError        a training whose loss is no longer finite
    ├── CacheError           a cache that cannot be read or written
    ├── RunError             a run directory that cannot be read or written
    └── BundleError          a bundle that is none, is rejected, or cannot be written
"""

from __future__ import annotations

from collections.abc import Iterable

from ccbench_registry.errors import (
    CardError,
    CcbenchError,
    DuplicateNameError,
    UnknownNameError,
)

__all__ = [
    "BackboneError",
    "BundleError",
    "CacheError",
    "CardError",
    "CcbenchError",
    "DatasetError",
    "DivergedError",
    "DuplicateNameError",
    "ImageError",
    "LeakageError",
    "PluginError",
    "ProbeError",
    "ProtocolError",
    "RunError",
    "SplitError",
    "TermsError",
    "UnknownNameError",
]


class PluginError(CcbenchError):
    """A plugin cannot be loaded (in strict mode), raises when it is used, or cannot be written."""


class DatasetError(CcbenchError):
    """A folder, manifest, label or option of a dataset cannot be used."""


class TermsError(CcbenchError):
    """The terms of a licensed database have not been accepted, or that cannot be kept."""


class ImageError(CcbenchError):
    """A photograph cannot be decoded; the message says why, without the path."""


class ProbeError(CcbenchError):
    """An image, folder or option of a probe cannot be used."""


class ProtocolError(CcbenchError):
    """A protocol has a wrong value."""


class SplitError(CcbenchError):
    """A database has too few posers for the split that the protocol asks for."""


class LeakageError(CcbenchError):
    """The same poser or the same file content would be trained on and tested on."""


class BackboneError(CcbenchError):
    """A backbone's weights cannot be loaded or are not the ones expected."""


class DivergedError(CcbenchError):
    """The loss of a training is no longer finite: the learning rate is too high.

    Args:
        trainings: (database, run from 0, iteration from 1) of each.
    """

    def __init__(self, trainings: Iterable[tuple[str, int, int]]) -> None:
        self.trainings = tuple(sorted(trainings))
        super().__init__(self.trainings)

    def __str__(self) -> str:
        (database, run, iteration), *others = self.trainings
        more = [f"run {run + 1} on '{database}'" for database, run, _ in others]
        shown = more if len(more) <= 4 else [*more[:3], f"{len(more) - 3} more"]
        also = f" (and {', '.join(shown)})" if shown else ""
        return (
            f"the training of run {run + 1} on '{database}' diverged at iteration "
            f"{iteration}{also}; lower training.learning_rate with --set; other heads are kept"
        )

    @classmethod
    def joined(cls, errors: Iterable[DivergedError]) -> DivergedError:
        """Return one error for several."""
        return cls(training for error in errors for training in error.trainings)


class CacheError(CcbenchError):
    """The cache cannot be read or written."""


class RunError(CcbenchError):
    """A run directory cannot be read or written."""


class BundleError(CcbenchError):
    """A file is no bundle of a run, or one that does not verify, or cannot be written."""
