"""staff.grade.autograder: a folder laid out as a Gradescope container."""

import dataclasses
import json
import stat

import pytest

from cs231n.checks.verdicts import Verdict
from staff.grade import autograder, grading
from staff.grade.sandbox.isolation import isolation
from tests.staff.grade.conftest import SECRET, write_folder

METADATA = {
    "id": 1,
    "created_at": "2026-03-01T14:22:32.365935-08:00",
    "users": [{"id": 1, "name": "Ada", "email": "ada@example.org"}],
}


@pytest.fixture
def container(tmp_path, monkeypatch):
    """A function that returns the folder of a container with a submission."""

    def make(files, metadata=None):
        write_folder(tmp_path / "submission", files)
        (tmp_path / "results").mkdir()
        (tmp_path / "submission_metadata.json").write_text(json.dumps(METADATA) if metadata is None else metadata)
        (tmp_path / "secret").write_bytes(SECRET)
        monkeypatch.setattr(autograder, "SECRET", tmp_path / "secret")
        return tmp_path

    return make


def results(home):
    """Return the results.json."""
    return json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))


def test_a_submission_with_one_layer_gets_its_points(container, blank, release, capsys):
    layers = blank["cs231n/layers.py"].decode()
    start = layers.index("def relu_forward")
    hole = layers.index("    # YOUR CODE HERE", start)
    end = layers.index("\n", layers.index("raise NotImplementedError", hole))
    solved = layers[:hole] + "    out = np.maximum(x, 0)" + layers[end:]
    home = container(blank | {"cs231n/layers.py": solved.encode()})
    assert autograder.main([str(home)]) == 0
    assert results(home)["score"] == 1
    printed = capsys.readouterr().out
    assert printed.startswith(f"Isolation: {isolation()}\n")
    assert "relu_forward                    passed               1 of 1" in printed


def test_nobody_else_can_read_or_write_what_lies_in_the_container(container, blank, monkeypatch):
    home = container(blank)
    monkeypatch.setattr(grading, "grade", lambda submission, setup: grading.broken(submission, setup, "no time"))
    autograder.main([str(home)])
    for name in ("submission", "results", "submission_metadata.json"):
        assert stat.S_IMODE((home / name).stat().st_mode) & 0o077 == 0


def test_where_the_grader_breaks_there_are_results_that_say_so_and_the_status_is_1(container, blank, monkeypatch):
    def broken(submission, setup):
        raise RuntimeError("a bug of ours")

    home = container(blank)
    monkeypatch.setattr(grading, "grade", broken)
    assert autograder.main([str(home)]) == 1
    assert Verdict.GRADER_ERROR.meaning in json.dumps(results(home))
    assert "a bug of ours" not in json.dumps(results(home))


def test_what_crashes_once_and_not_again_counts_as_it_came_the_second_time(container, blank, monkeypatch):
    verdicts = ["crashed", "passed"]

    def play(submission, setup):
        verdict, graded = verdicts.pop(0), grading.broken(submission, setup, "played")
        exercises = tuple(dataclasses.replace(one, verdict=verdict) for one in graded.record.exercises)
        return grading.Graded(dataclasses.replace(graded.record, exercises=exercises))

    home = container(blank)
    monkeypatch.setattr(grading, "grade", play)
    assert autograder.main([str(home)]) == 0
    assert verdicts == [] and "crashed" not in json.dumps(results(home))


def test_metadata_give_student_and_time_and_may_be_missing(container, blank):
    home = container(blank)
    submission = autograder.submission_in(home)
    assert (submission.student, submission.submitted) == ("Ada <ada@example.org>", METADATA["created_at"])
    for text in ("", "{", "[]", '{"users": [{}]}', '{"users": 3, "created_at": null}'):
        (home / "submission_metadata.json").write_text(text)
        submission = autograder.submission_in(home)
        assert (submission.student, submission.submitted) == ("submission", None)
        assert submission.problems[0].startswith("submission_metadata.json cannot be read")
