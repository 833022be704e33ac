"""No hook without a reference, a page and a test (the idea is datasette's)."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccbench import hookspecs

ROOT = Path(__file__).parents[1]
HOOKS: dict[str, Callable[..., Any]] = {
    name: function
    for name, function in vars(hookspecs).items()
    if hasattr(function, f"{hookspecs.PROJECT}_spec")
}


def test_the_hooks_are_those_of_the_contract() -> None:
    assert set(HOOKS) == {
        "ccbench_register_datasets",
        "ccbench_register_backbones",
        "ccbench_register_probes",
        "ccbench_register_commands",
        "ccbench_run_finished",
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_its_docstring_is_a_reference(hook: str) -> None:
    text = inspect.getdoc(HOOKS[hook]) or ""
    sentences = re.findall(r"[.;](?=\s|$)", text)
    assert len(sentences) >= 2, f"{hook}: say what it is for and what to do in it"
    assert inspect.signature(HOOKS[hook]).return_annotation == "None"


@pytest.mark.parametrize("hook", HOOKS)
def test_it_is_documented(hook: str) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{hook}\b", page), f"docs/plugins.md does not mention {hook}"


@pytest.mark.parametrize("hook", HOOKS)
def test_it_is_tested(hook: str) -> None:
    tree = ast.parse((ROOT / "tests" / "test_plugins.py").read_text(encoding="utf-8"))
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert f"test_hook_{hook}" in tests, f"tests/test_plugins.py has no test_hook_{hook}"
