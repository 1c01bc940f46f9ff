"""The README of a release: what it names is there."""

import re
import tomllib

from staff.release.rubric import PATH

MADE = {"a2.zip", "answers.pdf", "assignment.pdf", "assignment.html"}


def test_every_file_that_the_readme_names_is_in_the_release(release):
    named = set(re.findall(r"`([\w/.-]+\.(?:ipynb|html|md|pdf|sh|txt|zip))`", release["README.md"].decode()))
    assert len(named) > 8
    # Of two notebooks to choose from, the source may still lack one.
    choice = [
        question for question in tomllib.loads(release[PATH].decode())["question"] if "alternative" in question
    ]
    optional = {name for question in choice for name in (question["notebook"], question["alternative"])}
    assert named - release.keys() - MADE <= optional


def test_the_readme_shows_the_points_of_each_question(release):
    rows = re.findall(r"^\| (Q\d) .* \| (\d+) \|$", release["README.md"].decode(), re.MULTILINE)
    questions = tomllib.loads(release[PATH].decode())["question"]
    assert rows == [(question["name"], str(question["points"])) for question in questions]
