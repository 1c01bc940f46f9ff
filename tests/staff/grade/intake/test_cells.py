"""Cells of notebooks that nobody trusts."""

import base64
import json

import pytest

from cs231n import verdict
from cs231n.checks.rubric import Question
from staff.grade import limits
from staff.grade.intake.cells import Notebooks, figures, find_cells, read_cells, shown

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def cell(name, text, kind="markdown", **more):
    """Return a cell of a notebook as a dict."""
    return {"cell_type": kind, "id": name, "metadata": {}, "source": text.splitlines(keepends=True)} | more


def notebook(*found, **more):
    """Return a notebook as bytes."""
    return json.dumps({"cells": list(found), "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more).encode()


RELEASED = (
    cell("title", "# Dropout"),
    cell("why", "Why?"),
    cell("answer-1", "**Your answer:** *replace this line.*"),
    cell("more", "And if not?"),
    cell("answer-2", "**Your answer:** *replace this line.*"),
    cell("end", "Well done."),
)


def texts(handed_in, name="answer-1"):
    """Return the texts of the cells that stand for a cell of the release."""
    return [
        found.text for found in find_cells(read_cells(notebook(*handed_in)), name, read_cells(notebook(*RELEASED)))
    ]


def changed(**answers):
    """Return the cells of the release with texts replaced."""
    return [cell(one["id"], answers.get(one["id"].replace("-", "_"), "".join(one["source"]))) for one in RELEASED]


# --- reading --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"\x80", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "not JSON"),
        (b"[]", "it has no cells"),
        (b"null", "it has no cells"),
        (b'"cells"', "it has no cells"),
        (b"{}", "it has no cells"),
        (b'{"cells": {}}', "its cells are not a list"),
        (b'{"cells": "text"}', "its cells are not a list"),
    ],
)
def test_what_is_no_notebook_says_so(data, said):
    with pytest.raises(ValueError, match=said):
        read_cells(data)
    notebooks = Notebooks({"Dropout.ipynb": data})
    assert notebooks.cells("Dropout.ipynb") is None
    assert notebooks.cells("Dropout.ipynb") is None
    [problem] = notebooks.problems
    assert problem.startswith("Dropout.ipynb: cannot be read: ")


@pytest.mark.parametrize(
    "bad",
    [
        None,
        5,
        [],
        {},
        {"id": 5, "source": 7, "outputs": 3},
        {"id": ["answer-1"], "source": [1, None, {}], "outputs": [1, {"data": 5}]},
        {"source": None, "execution_count": "many", "outputs": {"data": {}}},
    ],
)
def test_cells_of_a_wrong_form_harm_no_other(bad):
    found = read_cells(notebook(bad, cell("answer-1", "Because.")))
    assert found[-1].text == "Because."
    assert all(figures(one) == [] and shown(one) == {} for one in found)


def test_texts_are_fit_to_be_written_and_shown():
    [found] = read_cells(notebook(cell("a", "one\r\ntwo \ud800 \x1b[0m \u202e")))
    assert found.text == "one\ntwo � �[0m �"


def test_a_byte_order_mark_is_read_over():
    assert read_cells(b"\xef\xbb\xbf" + notebook(cell("a", "x")))[0].text == "x"


# --- finding --------------------------------------------------------------------------------------------------


def test_a_cell_is_found_by_its_id():
    assert texts(changed(answer_1="Because.")) == ["Because."]


def test_a_cell_is_found_by_its_id_at_another_place_and_as_another_kind():
    handed_in = changed()
    handed_in.insert(0, cell("answer-1", "Because.", kind="code"))
    del handed_in[3]
    assert texts(handed_in) == ["Because."]


def test_a_cell_that_is_there_twice_is_found_twice():
    assert texts([*changed(answer_1="First."), cell("answer-1", "Second.")]) == ["First.", "Second."]


def test_cells_without_ids_are_found_by_their_neighbours():
    handed_in = [one | {"id": None} for one in changed(answer_1="Because.", answer_2="Else.")]
    assert texts(handed_in) == ["Because."]
    assert texts(handed_in, "answer-2") == ["Else."]


def test_cells_that_came_in_the_place_of_one_are_found():
    handed_in = changed()
    handed_in[2:3] = [cell("new-1", "Because"), cell("new-2", "of that.")]
    assert texts(handed_in) == ["Because", "of that."]


def test_a_deleted_cell_is_not_found_and_its_neighbours_are_not_taken_for_it():
    assert texts([one for one in changed(answer_2="Else.") if one["id"] != "answer-1"]) == []


def test_new_cells_beside_one_belong_to_it_up_to_the_next_of_the_release():
    handed_in = changed(answer_1="Because.")
    handed_in[3:3] = [cell("new-1", "See the plot:"), cell("new-2", "plot()", kind="code")]
    assert texts(handed_in) == ["Because.", "See the plot:", "plot()"]


def test_of_a_notebook_with_nothing_of_the_release_all_is_read():
    assert texts([cell("x", "a"), cell("y", "b"), cell("z", "c")]) == ["a", "b", "c"]


def test_an_unknown_id_is_not_found():
    assert texts(changed(), "nonsense") == []


# --- outputs --------------------------------------------------------------------------------------------------


def with_output(data):
    """Return a cell with one output."""
    return read_cells(notebook(cell("a", "plot()", outputs=[{"output_type": "display_data", "data": data}])))[0]


def test_figures_are_the_png_pictures_of_the_outputs():
    lines = base64.encodebytes(PNG).decode()
    assert figures(with_output({"image/png": lines})) == [base64.b64encode(PNG).decode()]


def test_pasted_pictures_are_read_and_others_are_said_to_be_missing():
    data = base64.b64encode(PNG).decode()
    text = f"![p](attachment:a%20b.png) <img src='data:image/png;base64,{data}'> ![](../x.png) `![](y.png)`"
    text += " ![](./images/p.png)"
    pasted = cell("a", text, attachments={"a b.png": {"image/png": data}})
    [found] = read_cells(notebook(pasted), {"a2/images/p.png": PNG, "a2/images/ax.png": PNG})
    [key] = found.pictures
    missing = "`[no picture here: ../x.png was not handed in, see assignment.pdf]`"
    assert found.text == f"![](picture:{key}) ![](picture:{key}) {missing} `![](y.png)` ![](picture:{key})"
    assert found.pictures[key] == data
    for bad in (None, {"a b.png": 5}, {"a b.png": {}}, {"a b.png": {"image/png": "PHN2Zz4="}}):
        [found] = read_cells(notebook(pasted | {"source": "![](attachment:a%20b.png)", "attachments": bad}))
        assert "a b.png was not handed in" in found.text and not found.pictures


@pytest.mark.parametrize(
    "picture",
    [
        '"><script>alert(1)</script>',
        base64.b64encode(b"<svg onload=alert(1)>").decode(),
        "not base64",
        "é",
        5,
        [[]],
        None,
        base64.b64encode(PNG + bytes(limits.FIGURE_BYTES)).decode(),
    ],
)
def test_what_is_no_picture_is_no_figure(picture):
    assert figures(with_output({"image/png": picture})) == []


def test_accuracies_that_the_notebook_shows_are_read():
    output = {"kind": "accuracy", "what": "net\x1b", "detail": "51.0% (bound on CIFAR-10: 50%)", "passed": True}
    assert shown(with_output({verdict.MIME: output})) == {"net�": "51.0% (bound on CIFAR-10: 50%)"}
    assert shown(with_output({verdict.MIME: output | {"kind": "check"}})) == {}
    assert shown(with_output({verdict.MIME: "text"})) == {}


# --- the notebook that counts ---------------------------------------------------------------------------------

QUESTION = Question("Q5", "Two", "PyTorch.ipynb", 10, "TensorFlow.ipynb")
BLANK = cell("a", 'raise NotImplementedError("net (Q5): PyTorch.ipynb")', kind="code")
WRITTEN = cell("a", "net = 1", kind="code")


@pytest.mark.parametrize(
    "torch, tensorflow, chosen",
    [
        (BLANK, BLANK, "PyTorch.ipynb"),
        (WRITTEN, BLANK, "PyTorch.ipynb"),
        (BLANK, WRITTEN, "TensorFlow.ipynb"),
        (WRITTEN, WRITTEN | {"execution_count": 3}, "TensorFlow.ipynb"),
        (None, BLANK, "TensorFlow.ipynb"),
        (None, None, None),
    ],
)
def test_of_two_notebooks_the_one_that_more_was_written_in_counts(torch, tensorflow, chosen):
    both = {"PyTorch.ipynb": torch, "TensorFlow.ipynb": tensorflow}
    assert Notebooks({name: notebook(one) for name, one in both.items() if one}).chosen(QUESTION) == chosen


def test_a_notebook_that_cannot_be_read_is_not_chosen():
    files = {"PyTorch.ipynb": b"{", "TensorFlow.ipynb": notebook(BLANK)}
    assert Notebooks(files).chosen(QUESTION) == "TensorFlow.ipynb"


def test_of_two_graded_notebooks_the_better_counts_then_the_one_that_more_was_written_in():
    full, half = notebook(WRITTEN), notebook(BLANK)
    both = Notebooks({"PyTorch.ipynb": half, "TensorFlow.ipynb": full})
    assert both.chosen(QUESTION, {"PyTorch.ipynb": 3, "TensorFlow.ipynb": 2}) == "PyTorch.ipynb"
    assert both.chosen(QUESTION, {"PyTorch.ipynb": 2, "TensorFlow.ipynb": 2}) == "TensorFlow.ipynb"
    assert both.chosen(QUESTION, {"PyTorch.ipynb": 0}) == "PyTorch.ipynb"
    unreadable = Notebooks({"PyTorch.ipynb": b"{", "TensorFlow.ipynb": half})
    assert unreadable.chosen(QUESTION, {"PyTorch.ipynb": 0, "TensorFlow.ipynb": 0}) == "TensorFlow.ipynb"
