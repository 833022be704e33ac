"""What may stand after ``-b``: a name, a file of weights or a layer, and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccbench.backbones import BackboneSpec, parse_backbone_spec
from ccbench.exceptions import BackboneError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alexnet", BackboneSpec("alexnet")),
        ("alexnet@conv4", BackboneSpec("alexnet", layer="conv4")),
        ("alexnet[pool=avg]", BackboneSpec("alexnet", pool="avg")),
        ("timm:resnet50@layer3", BackboneSpec("timm:resnet50", layer="layer3")),
        ("timm:resnet50.a1_in1k@layer3.0", BackboneSpec("timm:resnet50.a1_in1k", layer="layer3.0")),
        ("torchvision:vgg16@features.23", BackboneSpec("torchvision:vgg16", layer="features.23")),
        ("timm:x@w.safetensors", BackboneSpec("timm:x", "w.safetensors")),
        ("timm:x@W.PTH", BackboneSpec("timm:x", "W.PTH")),
        ("timm:x@./weights", BackboneSpec("timm:x", "./weights")),
        ("timm:x@~me", BackboneSpec("timm:x", "~me")),
        (r"timm:x@C:\w\best", BackboneSpec("timm:x", r"C:\w\best")),
        ("timm:x@/a@b/w.pth", BackboneSpec("timm:x", "/a@b/w.pth")),
        ("timm:x@/a [1]/w.pth", BackboneSpec("timm:x", "/a [1]/w.pth")),
        ("timm:x@/a/w[1]", BackboneSpec("timm:x", "/a/w[1]")),
        ("timm:x@w.pth[layer=b.1]", BackboneSpec("timm:x", "w.pth", "b.1")),
        ("timm:x@b.1[weights=w.pth]", BackboneSpec("timm:x", "w.pth", "b.1")),
        ("timm:x@b.1[pool=flat]", BackboneSpec("timm:x", "", "b.1", "flat")),
        (
            "timm:x[layer=b.1,pool=flat,weights=/a,b/best one]",
            BackboneSpec("timm:x", "/a,b/best one", "b.1", "flat"),
        ),
        ("timm:hf-hub:lab/faces@b.1", BackboneSpec("timm:hf-hub:lab/faces", layer="b.1")),
        ("timm:", BackboneSpec("timm:")),
        ("", BackboneSpec("")),
    ],
)
def test_forms(text: str, expected: BackboneSpec) -> None:
    assert parse_backbone_spec(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timm:x@", "nothing after @; write timm:x@LAYER or timm:x@FILE"),
        ("timm:x[pol=avg]", "no option 'pol'; did you mean 'pool'"),
        ("timm:x[pool=max]", "pool is 'avg' .* or 'flat' .*, not 'max'"),
        ("timm:x[layer=a,layer=b]", "the option 'layer' twice"),
        ("timm:x[layer=]", "nothing after 'layer='"),
        ("timm:x@a[layer=b]", "gives layer twice, after @ and in brackets"),
        ("timm:x@a.pth[weights=b.pth]", "gives weights twice, after @ and in brackets"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(BackboneError, match=said) as error:
        parse_backbone_spec(text)
    assert text in str(error.value)


def test_a_word_that_is_a_file_too_is_refused_with_both_ways_to_write_it() -> None:
    Path("layer3").write_bytes(b"")  # the fixtures chose an empty folder
    with pytest.raises(BackboneError, match="may be a layer, and is a file") as error:
        parse_backbone_spec("timm:x@layer3")
    for way in ("timm:x[layer=layer3]", "timm:x[weights=layer3]"):
        assert f"'{way}'" in str(error.value)
        parse_backbone_spec(way)
