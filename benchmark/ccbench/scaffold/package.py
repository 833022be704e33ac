"""Writing a plugin's package from the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccbench import __version__, atomic
from ccbench.exceptions import PluginError
from ccbench.scaffold.names import Names
from ccbench_registry import suggestion

MODEL = "resnet18"
"""The network of a backbone, unless another is asked for."""
_CODE = {"dataset": "loader", "backbone": "network", "probe": "series"}
_CHECK = {"dataset": "{0} --root FOLDER", "backbone": "{0}:{1}", "probe": "{0}"}


@dataclass(frozen=True)
class Written:
    """A package that was written.

    Attributes:
        folder: where.
        files: relative to the folder.
        check: the arguments of ``ccbench plugins check`` for it.
    """

    folder: Path
    files: tuple[Path, ...]
    check: str


def write_package(names: Names, kind: str, out: Path, *, model: str | None = None) -> Written:
    """Write a package with one plugin, whole or not at all.

    Args:
        names: of the plugin.
        kind: "dataset", "backbone" or "probe".
        out: there is no such folder, or an empty one.
        model: of a backbone, timm's name of its network; :data:`MODEL` without it.

    Raises:
        PluginError: ``out`` is taken or cannot be written, or there is no such model.
    """
    atomic.refuse_taken(out, PluginError, hint=" with --out")
    if model is not None:
        _check_model(model, kind)
    texts = _render(names, kind, model or MODEL)
    try:
        target = out.resolve()
        if target.is_dir():
            target.rmdir()
        with atomic.new_directory(target) as scratch:
            for name, text in texts.items():
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                (scratch / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise PluginError(
            f"cannot write to {out}: {error.strerror or error}; give another folder with --out"
        ) from None
    check = _CHECK[kind].format(names.plugin, model or MODEL)
    return Written(out, tuple(Path(name) for name in sorted(texts)), check)


def _check_model(model: str, kind: str) -> None:
    if kind != "backbone":
        raise PluginError(f"--model {model} is for --kind backbone; a {kind} has no network")
    import timm

    known = timm.list_models()
    if model not in known:
        near = suggestion(model, known)
        hint = near if near.startswith("did you mean") else "timm.list_models() lists them"
        raise PluginError(f"timm has no model '{model}'; {hint}")


def _render(names: Names, kind: str, model: str) -> Mapping[str, str]:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ccbench.scaffold"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    source = f"src/{names.package}"
    templates = {
        "pyproject.toml": "common/pyproject.toml.j2",
        "README.md": "common/README.md.j2",
        ".gitignore": "common/gitignore.j2",
        ".github/workflows/tests.yml": "common/workflow.yml.j2",
        f"{source}/__init__.py": f"{kind}/init.py.j2",
        f"{source}/card.toml": f"{kind}/card.toml.j2",
        f"{source}/{_CODE[kind]}.py": f"{kind}/{_CODE[kind]}.py.j2",
        f"tests/test_{kind}.py": f"{kind}/test_{kind}.py.j2",
    }
    version = ".".join(__version__.split(".")[:2])
    values = {"names": names, "kind": kind, "model": model, "version": version}
    rendered = {
        name: environment.get_template(template).render(values)
        for name, template in templates.items()
    }
    return {**rendered, f"{source}/py.typed": ""}
