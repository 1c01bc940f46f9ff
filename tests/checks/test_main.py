"""The command line: selection, exit status, JSON, listing."""

import json

import pytest

from cs231n.checks import __main__ as checks
from cs231n.checks import registry
from cs231n.checks.rubric import load_rubric, select
from cs231n.checks.session import Outcome
from tests.checks.subjects import IN_PACKAGE

IN_Q3 = sum(load_rubric().exercises[name].question == "Q3" for name in IN_PACKAGE)


@pytest.mark.parametrize(
    "words, first, count",
    [
        ([], "affine_forward", len(IN_PACKAGE)),
        (["q3"], "dropout_forward", IN_Q3),
        (["Q3", "adam"], "adam", IN_Q3 + 1),
        (["adam"], "adam", 1),
    ],
)
def test_names_and_questions_select_exercises_in_the_order_of_the_rubric(words, first, count):
    names = select(words)
    checked = [name for name in names if not load_rubric().exercises[name].in_notebook]
    assert (names[0], len(checked)) == (first, count)


@pytest.mark.parametrize(
    "word, suggestion",
    [
        ("batchnorm_backwards", "batchnorm_backward"),
        ("conv_forward", "conv_forward_naive"),
        ("q9", "did you mean q"),
        ("zzzz", "--list shows all of them"),
    ],
)
def test_an_unknown_name_is_a_usage_error_with_a_suggestion(capsys, word, suggestion):
    with pytest.raises(SystemExit) as stop:
        checks.main([word])
    assert stop.value.code == 2
    assert suggestion in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--seeds", "0"], ["--seeds", "many"], ["--no-such-option"]])
def test_a_wrong_command_line_ends_with_status_2(arguments):
    with pytest.raises(SystemExit) as stop:
        checks.main(arguments)
    assert stop.value.code == 2


def test_one_exercise_of_the_solution_passes_with_several_seeds(capsys):
    assert checks.main(["affine_forward", "--seeds", "3"]) == 0
    printed = capsys.readouterr().out
    assert "the arguments are not changed (a detail)" in printed
    assert "1 of 1 points that can be checked here, 1 of 1 exercises." in printed


def test_the_report_as_json_has_the_documented_form(capsys):
    assert checks.main(["dropout_forward", "relu_forward", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    points = sum(load_rubric().exercises[name].points for name in ("dropout_forward", "relu_forward"))
    assert set(report) == {"format", "seeds", "exercises", "totals", "manual"}
    assert report["totals"] == {"exercises": 2, "passed": 2, "points": points, "earned": points}
    assert [item["question"] for item in report["manual"]] == [
        item.question for item in load_rubric().manual.values() if item.question in ("Q1", "Q3")
    ]
    first = report["exercises"][0]
    assert set(first) == {
        "name",
        "question",
        "points",
        "earned",
        "up_to",
        "verdict",
        "needs",
        "message",
        "looks_like",
        "checks",
    }
    assert (first["name"], first["verdict"], first["message"]) == ("relu_forward", "passed", None)
    assert set(first["checks"][0]) == {"id", "line", "detail", "verdict", "seed", "message"}


def test_the_list_names_every_check_and_runs_none(capsys, monkeypatch):
    monkeypatch.setattr(checks, "checked", None)
    assert checks.main(["--list", "q2"]) == 0
    printed = capsys.readouterr().out
    for one in registry.checks_of("batchnorm_forward"):
        assert f"{one.name}: {one.line}" in printed
    assert "conv_forward_naive" not in printed


@pytest.mark.parametrize(
    "verdicts, status",
    [
        (["passed"], 0),
        (["passed", "not_implemented"], 1),
        (["passed", "failed"], 1),
        (["blocked"], 1),
        (["failed", "grader_error"], 3),
    ],
)
def test_the_exit_status_says_whether_all_passed_and_whether_a_check_broke(verdicts, status):
    exercise = load_rubric().exercises["adam"]
    assert checks.status([Outcome(exercise, verdict) for verdict in verdicts]) == status
