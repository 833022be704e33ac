"""Hooks that ccbench would refuse or never call are named with what was meant."""

from __future__ import annotations

from types import ModuleType

import pytest

from ccbench.diagnosis.hooks import check_hooks

HEAD = "from ccbench import hookimpl\n@hookimpl\n"


def findings(source: str) -> list[tuple[str, str]]:
    module = ModuleType("lab_x")
    exec(source, vars(module))
    return [(finding.problem, finding.remedy) for finding in check_hooks(module)]


@pytest.mark.parametrize(
    "source",
    [
        HEAD + "def ccbench_register_datasets(register): pass",
        HEAD + "def ccbench_run_finished(run): pass",
        HEAD + "def ccbench_run_finished(run, printer=print): pass",
        "from ccbench import hookimpl\n@hookimpl(specname='ccbench_run_finished')\n"
        "def finished(run): pass",
        # Objects that answer to any name, or to none.
        HEAD + "def ccbench_run_finished(run): pass\n"
        "class Lazy:\n    def __getattr__(self, name): raise RuntimeError('outside of a request')\n"
        "class Mock:\n    def __getattr__(self, name): return Mock()\n"
        "    def __call__(self, *more): return Mock()\n"
        "request, mock = Lazy(), Mock()",
        # Its own names may begin so, and what it imports may too.
        HEAD + "def ccbench_run_finished(run): pass\ndef ccbench_faces(): pass\n"
        "from ccbench.hookspecs import ccbench_register_probes\nimport ccbench_registry",
    ],
)
def test_good_hooks(source: str) -> None:
    assert findings(source) == []


@pytest.mark.parametrize(
    ("source", "problem", "remedy"),
    [
        (
            HEAD + "def ccbench_register_dataset(register): pass",
            "there is no hook 'ccbench_register_dataset'",
            "did you mean 'ccbench_register_datasets'?",
        ),
        (
            HEAD + "def ccbench_register_probes(registry): pass",
            "ccbench_register_probes(registry) has an argument 'registry' that the hook does not "
            "give",
            "did you mean 'register'?",
        ),
        (
            HEAD + "def ccbench_register_probes(): pass",
            "ccbench_register_probes() does not take 'register', without which it can do nothing",
            "write ccbench_register_probes(register)",
        ),
        (
            HEAD + "def ccbench_run_finished(run): pass\ndef ccbench_register_command(cli): pass",
            "the function 'ccbench_register_command' is not marked as a hook, so that it is never "
            "called",
            "write @hookimpl above it (from ccbench import hookimpl)",
        ),
    ],
)
def test_bad_hooks(source: str, problem: str, remedy: str) -> None:
    assert findings(source) == [(problem, remedy)]


def test_a_module_without_hooks() -> None:
    ((problem, remedy),) = findings("")
    assert problem == "it implements no hook"
    assert "@ccbench.hookimpl" in remedy


def test_hooks_of_an_object() -> None:
    source = HEAD.replace("@hookimpl\n", "") + (
        "class Lab:\n    @hookimpl\n    def ccbench_register_probe(self, register): pass\n"
    )
    module = ModuleType("lab_y")
    exec(source, vars(module))
    (finding,) = check_hooks(module.Lab())
    assert finding.remedy == "did you mean 'ccbench_register_probes'?"
