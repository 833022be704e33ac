"""Why a plugin's module cannot be imported, and what to do."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ccbench import __version__
from ccbench.diagnosis.findings import Finding
from ccbench.plugins.blame import describe, place

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Distributions that are not called as what they install is imported."""
_CORRECT = "correct it; CCBENCH_DEBUG=1 shows the traceback"


def explain_import(entry: EntryPoint, error: BaseException) -> Finding:
    """Say what kept a plugin from being imported, where, and what to do."""
    where = place(error, entry.module)
    problem = f"{describe(error)}{f' ({where})' if where else ''}"
    return Finding(problem, _remedy(entry, error, where))


def raised_in_it(entry: EntryPoint, error: BaseException) -> Finding:
    """Say what a plugin raised when its hooks were called."""
    where = place(error, entry.module)
    return Finding(
        f"registering failed: {describe(error)}{f' ({where})' if where else ''}",
        _CORRECT,
    )


def _remedy(entry: EntryPoint, error: BaseException, where: str) -> str:
    name = distribution_name(entry)
    if isinstance(error, ModuleNotFoundError) and error.name:
        wanted = error.name.partition(".")[0]
        if wanted == entry.module.partition(".")[0]:
            return (
                f"the entry point names '{entry.value}', which {name} does not hold; correct it "
                f"in the package's pyproject.toml, or what is packaged, and install it again"
            )
        if wanted == "ccbench":
            return f"this is ccbench {__version__}; install a version of {name} that fits it"
        declared = declared_requirement(entry, _DISTRIBUTIONS.get(wanted, wanted))
        if declared:
            return f"pip install '{declared}' ({name} asks for it)"
        return (
            f"pip install {_DISTRIBUTIONS.get(wanted, wanted)}, and add it to the dependencies of "
            f"{name}"
        )
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "ccbench":
        return f"this is ccbench {__version__}; install a version of {name} that fits it"
    if isinstance(error, AttributeError) and entry.attr and not where:
        return f"correct the entry point '{entry.value}' or the module it names"
    if isinstance(error, SystemExit):
        return "a module may not leave the interpreter; take sys.exit() out of it"
    return _CORRECT


def distribution_name(entry: EntryPoint) -> str:
    """Return the name of the distribution that ships an entry point."""
    return entry.dist.name if entry.dist else "its package"


def declared_requirement(entry: EntryPoint, name: str) -> str:
    """Return what a plugin's distribution says about a requirement of that name, or ""."""
    for text in (entry.dist.requires or []) if entry.dist else []:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) == canonicalize_name(name):
            return f"{requirement.name}{requirement.specifier}"
    return ""
