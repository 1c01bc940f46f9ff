"""cs231n/notebook_images: the two photographs that notebooks of earlier years open."""

from matplotlib.image import imread

from tests.test_contract import PACKAGE

FOLDER = PACKAGE / "notebook_images"


def test_kitten_is_wider_than_high_since_notebooks_cut_a_square_out_of_its_middle():
    height, width, channels = imread(FOLDER / "kitten.jpg").shape
    assert (width > height, channels) == (True, 3)


def test_puppy_is_a_photograph_in_colour():
    picture = imread(FOLDER / "puppy.jpg")
    assert picture.shape[2] == 3 and picture.std(axis=(0, 1)).min() > 20


def test_every_picture_is_credited():
    credits = (FOLDER / "CREDITS.md").read_text(encoding="utf-8")
    pictures = {path.name for path in FOLDER.iterdir()} - {"CREDITS.md"}
    assert pictures == {"kitten.jpg", "puppy.jpg"}
    assert all(f"| `{name}` |" in credits for name in pictures)
