"""cs231n.submit.pictures: pasted pictures and files, shown or said to be missing."""

import base64
import io

import pytest
from PIL import Image

from cs231n.submit.pictures import embedded, files, problems
from tests.submit.conftest import PNG, code, markdown, notebook

DATA = base64.b64decode(PNG)


def image(kind):
    """Return the bytes of a small picture of a format."""
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(buffer, kind)
    return buffer.getvalue()


def attached(source, **attachments):
    """Return a notebook with one text cell that holds pasted pictures."""
    pasted = {name.replace("_", "."): {"image/png": data} for name, data in attachments.items()}
    return notebook(markdown("a", source) | {"attachments": pasted})


def source(shown):
    return shown["cells"][0]["source"]


@pytest.mark.parametrize(
    "reference",
    [
        "![a plot](my%20plots/one%281%29.png)",
        "![](<my plots/one(1).png>)",
        '![](my%20plots/one(1).png "title")',
        '<img src="my plots/one(1).png" width="300">',
        "<IMG width=3 SRC='my plots/one(1).png'/>",
    ],
)
def test_a_file_of_the_folder_is_shown_and_handed_in(tmp_path, reference):
    (tmp_path / "my plots").mkdir()
    (tmp_path / "my plots/one(1).png").write_bytes(DATA)
    saved = notebook(markdown("a", f"See {reference} there."))
    assert list(problems(saved, tmp_path)) == []
    assert files(saved, tmp_path) == ["my plots/one(1).png"]
    assert source(embedded(saved, tmp_path)) == f"See ![](data:image/png;base64,{PNG}) there."
    assert reference in source(saved)


def test_a_pasted_picture_is_shown_and_a_lost_one_is_named(tmp_path):
    saved = attached("![image.png](attachment:image.png)", image_png=PNG)
    assert list(problems(saved, tmp_path)) == [] and files(saved, tmp_path) == []
    assert PNG in source(embedded(saved, tmp_path))
    lost = attached("![image.png](attachment:image.png)", other_png=PNG)
    assert list(problems(lost, tmp_path)) == [("image.png", "was lost from the cell: paste it again")]
    assert source(embedded(lost, tmp_path)).startswith("`[no picture: image.png was lost")


def test_what_is_outside_of_the_folder_is_neither_shown_nor_handed_in(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(DATA)
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    for target in ("../secret.png", "link.png", str(tmp_path / "secret.png")):
        saved = notebook(markdown("a", f"![]({target})"))
        assert list(problems(saved, root)) == [
            (target, "is outside of this folder: copy it here and show the copy")
        ]
        assert files(saved, root) == []
        assert PNG not in source(embedded(saved, root))


@pytest.mark.parametrize("target", ["gone.png", "a\0b.png", "x" * 5000, "file:///etc/passwd", "attachment:x.png"])
def test_what_is_not_there_is_named(tmp_path, target):
    saved = notebook(markdown("a", f"![]({target})"))
    [(named, why)] = problems(saved, tmp_path)
    assert named == target.removeprefix("attachment:") and (
        "not in this folder" in why or "lost from the cell" in why
    )


def test_a_picture_of_the_web_becomes_a_link_and_is_named(tmp_path):
    saved = notebook(markdown("a", "![web](https://example.org/x.png)"))
    [(_, why)] = problems(saved, tmp_path)
    assert "is on the web" in why
    assert source(embedded(saved, tmp_path)) == "[https://example.org/x.png](https://example.org/x.png)"


@pytest.mark.parametrize(("kind", "shown"), [("PNG", "png"), ("JPEG", "jpeg"), ("BMP", "png"), ("GIF", "png")])
def test_formats_that_a_page_cannot_show_become_png(tmp_path, kind, shown):
    (tmp_path / "x").write_bytes(image(kind))
    text = source(embedded(notebook(markdown("a", "![](x)")), tmp_path))
    head, data = text.removesuffix(")").split(",")
    assert head == f"![](data:image/{shown};base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (2, 2)


@pytest.mark.parametrize("data", [b"", b"no picture", DATA[:40], image("PNG")[:-30]])
def test_a_damaged_picture_is_named(tmp_path, data):
    (tmp_path / "x.png").write_bytes(data)
    [(_, why)] = problems(notebook(markdown("a", "![](x.png)")), tmp_path)
    assert "cannot be read as a picture" in why


@pytest.mark.parametrize("text", ["`![](gone.png)`", "```\n![](gone.png)\n```", "a [link](gone.png)"])
def test_what_only_looks_like_a_picture_is_left_alone(tmp_path, text):
    saved = notebook(markdown("a", text), code("b", "# ![](gone.png)"))
    assert list(problems(saved, tmp_path)) == []
    assert embedded(saved, tmp_path) == saved
