"""Ready pipelines, and the table of Augraphy's names."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import twinlens_document as D
from pages import page
from twinlens_document.names import AUGRAPHY, GONE, augraphy_names

import twinlens
from twinlens import presets


def test_default_pipeline_on_both_engines() -> None:
    pipe, images = D.default_pipeline(0.5), [page(90, 70, 3, i) for i in range(6)]
    native, batched = (pipe.batch(images, keys=range(6), engine=engine) for engine in ("native", "kornia"))
    np.testing.assert_array_equal(native, batched)
    np.testing.assert_array_equal(native[4], pipe(images[4], key=4))
    assert twinlens.from_dict(pipe.to_dict()) == pipe


def test_hybrid_pipeline_moves_boxes_and_masks() -> None:
    pipe = D.hybrid_pipeline(size=(128, 96), p=0.6)
    mask = np.zeros((160, 120), np.uint8)
    mask[40:100, 30:90] = 1
    for key in range(6):
        done = pipe({"image": page(160, 120), "mask": mask, "boxes": twinlens.Boxes([[30, 40, 90, 100]])}, key=key)
        assert done["image"].shape == (3, 128, 96)
        ys, xs = np.nonzero(np.asarray(done["mask"]).squeeze())
        x0, y0, x1, y1 = done["boxes"].data[0].tolist()
        inside = (xs >= x0 - 2) & (xs < x1 + 2) & (ys >= y0 - 2) & (ys < y1 + 2)
        assert len(xs) > 500
        assert inside.all()
    plain = D.hybrid_pipeline(size=(128, 96), train=False)
    assert torch.equal(plain(page(160, 120), key=1), plain(page(160, 120), key=2))


@pytest.mark.parametrize("name", ["default", "hybrid"])
def test_presets_are_found(name: str) -> None:
    assert presets.get(f"document.{name}", train=True) == getattr(D, f"{name}_pipeline")()
    assert not presets.get(f"document.{name}", train=False).random


def test_every_name_of_the_table_is_a_transform() -> None:
    for ours in [*AUGRAPHY.values(), *GONE.values()]:
        for name in ours:
            twinlens.get(name)
    shown = {name for ours in AUGRAPHY.values() for name in ours}
    assert shown >= {f"document.{n}" for n in ("InkBleed", "Folding", "Markup", "ShadowCast", "DocumentPipeline")}


def test_the_table_is_the_one_in_the_docs() -> None:
    text = (Path(__file__).parents[1] / "docs" / "augraphy.md").read_text(encoding="utf-8")
    assert augraphy_names() in text


def test_snippets_of_the_recipes_run() -> None:
    path = Path(__file__).parents[1] / "docs" / "recipes.md"
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(path), "exec"), names)


def test_links_of_the_docs_lead_somewhere() -> None:
    for path in (Path(__file__).parents[1] / "docs").glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), target
