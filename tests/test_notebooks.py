"""The notebooks: their form, and each executed small on the stand-in data."""

import re

import nbformat
import pytest

from staff import ROOT
from staff.notebooks import execute
from staff.run import ALLOCATION, NOTEBOOKS, lacks, misses

# A budget for each notebook that shows every cell works, and nothing about accuracy.
SMALL = {
    "FullyConnectedNets": {
        "NUM_TRAINING": 1000,
        "TWO_LAYER_EPOCHS": 1,
        "OVERFIT_EPOCHS": 15,
        "GRID_SCALES": 2,
        "GRID_RATES": 2,
        "RULE_IMAGES": 500,
        "RULE_EPOCHS": 1,
        "BEST_EPOCHS": 1,
    },
    "BatchNormalization": {
        "NUM_TRAIN": 200,
        "NUM_VAL": 200,
        "EPOCHS": 2,
        "NUM_SCALES": 3,
        "SCALE_EPOCHS": 1,
        "BATCH_SIZES": [5, 50],
        "BATCH_SIZE_EPOCHS": 1,
    },
    "Dropout": {"NUM_TRAIN": 100, "NUM_VAL": 200, "EPOCHS": 2},
    "ConvolutionalNetworks": {
        "NUM_TRAINING": 500,
        "NUM_VAL": 260,
        "PHOTO_PIXELS": 80,
        "TIMED_IMAGES": 1,
    },
    "PyTorch": {"NUM_TRAINING": 500, "NUM_VAL": 100, "NUM_TEST": 100, "OPEN_EPOCHS": 1},
    "TensorFlow": {"NUM_TRAINING": 512, "NUM_VAL": 100, "NUM_TEST": 100, "OPEN_EPOCHS": 1},
}


@pytest.fixture(params=NOTEBOOKS)
def name(request):
    return request.param


@pytest.fixture
def notebook(name):
    return nbformat.read(ROOT / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def test_notebook_runs_small_on_stand_in_data_and_keeps_every_bound(name, stand_in_root):
    if missing := lacks(name):
        pytest.skip(missing)
    environment = ALLOCATION | {"CIFAR10_DIR": str(stand_in_root), "OMP_NUM_THREADS": "1"}
    run = execute(ROOT / f"{name}.ipynb", SMALL[name], environment=environment)
    assert misses(run, "stand-in data") == [], run.error
    assert len(run.verdicts("check")) >= 5
    outputs = [output for cell in run.notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


def test_notebook_is_valid_nbformat_4_5_without_outputs_or_surplus_metadata(notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        assert not cell.get("outputs") and cell.get("execution_count") is None


def test_cell_ids_are_readable_words_and_unique(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cell_id) for cell_id in ids)


def test_only_known_tags_are_used_and_one_cell_holds_the_parameters(notebook):
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert set(tags) <= {"parameters", "solution"}
    assert tags.count("parameters") == 1


def test_solution_markers_come_in_pairs_and_only_in_code(notebook):
    for cell in notebook.cells:
        markers = re.findall(r"^\s*### (BEGIN|END) SOLUTION$", cell.source, flags=re.MULTILINE)
        assert markers == ["BEGIN", "END"] * (len(markers) // 2), cell.id
        assert cell.cell_type == "code" or not markers, cell.id


def test_every_inline_question_is_followed_by_its_answer(notebook):
    for cell, following in zip(notebook.cells, notebook.cells[1:]):
        if cell.cell_type == "markdown" and re.search(r"inline question", cell.source, flags=re.IGNORECASE):
            if "solution" not in cell.metadata.get("tags", []):
                assert "solution" in following.metadata.get("tags", []), cell.id


def test_headings_of_plots_made_from_training_name_their_data(notebook):
    for cell in notebook.cells:
        if "plot_training(" in cell.source and "def " not in cell.source:
            assert "DATASET" in cell.source, cell.id
