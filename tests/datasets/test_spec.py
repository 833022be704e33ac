"""What may stand after ``-d``."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccbench.datasets import (
    DatasetSpec,
    ProbeSpec,
    labelled,
    parse_dataset_spec,
    parse_probe_spec,
)
from ccbench.exceptions import DatasetError, ProbeError

REGEX = r"(?P<poser>[a-z]{1,3}\d{1,3})_(?P<expression>[a-z]+)_(?P<view>[a-z0-9_]+)\.(jpe?g|png)"


@pytest.mark.parametrize(
    ("text", "name", "root", "options"),
    [
        ("kdef", "kdef", None, {}),
        (" kdef ", "kdef", None, {}),
        ("kdef=/photos", "kdef", "/photos", {}),
        ("kdef=/my photos/a=b", "kdef", "/my photos/a=b", {}),
        ("kdef=/photos/[raw]", "kdef", "/photos/[raw]", {}),
        ("kdef[session=B]", "kdef", None, {"session": "B"}),
        ("kdef[session=A+B,angle=S]=/p", "kdef", "/p", {"session": "A+B", "angle": "S"}),
        ("kdef[session=A, angle=S]=/p", "kdef", "/p", {"session": "A", "angle": "S"}),
        ("kdef[session=B]=/photos/[raw]", "kdef", "/photos/[raw]", {"session": "B"}),
        ("kdef[session=B]=/photos[1]=x", "kdef", "/photos[1]=x", {"session": "B"}),
        ("kdef[session=]", "kdef", None, {"session": ""}),
        ("kdef[]=/p", "kdef", "/p", {}),
        ("mine.csv", "mine.csv", None, {}),
        ("krc=list.csv", "krc", "list.csv", {}),
        ("krc[manifest=a/list.csv]=/p", "krc", "/p", {"manifest": "a/list.csv"}),
        (f"krc[pattern={REGEX},view=d]=/p", "krc", "/p", {"pattern": REGEX, "view": "d"}),
        (r"krc[pattern=[^\]]+=[a-z],x]=/p", "krc", "/p", {"pattern": r"[^\]]+=[a-z],x"}),
        ("krc[pattern=[a-z]=(x),view=d]=/p", "krc", "/p", {"pattern": "[a-z]=(x)", "view": "d"}),
        (
            "new[mouth=C+O,part3=x,Cam=1]=/p",
            "new",
            "/p",
            {"mouth": "C+O", "part3": "x", "Cam": "1"},
        ),
        ("krc[pattern=[[]x]=/p", "krc", "/p", {"pattern": "[[]x"}),
        ("faces:a.toml", "faces:a.toml", None, {}),
        ("faces:/x [1]/a=b.toml", "faces:/x [1]/a=b.toml", None, {}),
        ("faces:/x=1/a.toml[poser=p1]=/p", "faces:/x=1/a.toml", "/p", {"poser": "p1"}),
        ("faces:a=b.TOML=/p/[1]=2", "faces:a=b.TOML", "/p/[1]=2", {}),
        ("faces:small=/p.tomls/x", "faces:small", "/p.tomls/x", {}),
        ("faces:small=list.csv", "faces:small", "list.csv", {}),
        ("/x=1/a.toml=/p/b.toml", "/x=1/a.toml", "/p/b.toml", {}),
        ("./a[1].csv", "./a[1].csv", None, {}),
        ("C:\\x[1]\\a.csv=D:\\p", "C:\\x[1]\\a.csv", "D:\\p", {}),
        ("mine=/x/a.toml.csv", "mine", "/x/a.toml.csv", {}),
        ("krc[manifest=a/b.toml]=/p", "krc", "/p", {"manifest": "a/b.toml"}),
    ],
)
def test_specs(text: str, name: str, root: str | None, options: dict[str, str]) -> None:
    expected = DatasetSpec(name, Path(root) if root else None, options)
    assert parse_dataset_spec(text) == expected


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert parse_dataset_spec("kdef=~/photos").root == Path("/home/ann/photos")
    with pytest.raises(DatasetError, match="no such home folder: ~no-such-user/p"):
        parse_dataset_spec("kdef=~no-such-user/p")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "write NAME, NAME=FOLDER"),
        ("=/photos", "cannot read the dataset '=/photos'"),
        ("  =/photos", "cannot read the dataset"),
        ("kdef=", "nothing after '='; give a folder"),
        ("kdef[session=B]= ", "nothing after '='"),
        ("kdef[session=B", "cannot read the dataset 'kdef[session=B'"),
        ("kdef]session=B", "cannot read the dataset"),
        ("kdef[session=B]/photos", "cannot read the dataset"),
        ("[session=B]=/p", "cannot read the dataset"),
        ("kdef[session]=/p", "write the option as 'session=value'"),
        ("kdef[session=A,session=B]=/p", "the option 'session' twice; join values by +"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, phrase: str) -> None:
    with pytest.raises(DatasetError) as caught:
        parse_dataset_spec(text)
    assert phrase in str(caught.value)


def test_probes_are_written_alike() -> None:
    spec = parse_probe_spec("rendered-au[pairs=6+12,identities=4]=/images")
    options = {"pairs": "6+12", "identities": "4"}
    assert spec == ProbeSpec("rendered-au", Path("/images"), options)
    with pytest.raises(ProbeError, match="cannot read the probe 'facegen\\['"):
        parse_probe_spec("facegen[")
    # However the options were ordered, the item has one name.
    assert labelled(spec.name, spec.options) == "rendered-au[identities=4,pairs=6+12]"
    assert labelled("kdef", {}) == "kdef"
