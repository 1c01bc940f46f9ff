"""staff.release.autograder: what is uploaded to Gradescope."""

import subprocess
import zipfile

import pytest

from staff.release import autograder
from staff.release.__main__ import main
from staff.release.autograder import bundle, read_or_make_secret

SECRET = b"a secret that only tests know"


def test_the_bundle_holds_solution_grader_scripts_and_secret_and_no_tests():
    files = bundle(SECRET, "[global]\n")
    assert files["secret"] == SECRET and files["pip.conf"] == b"[global]\n"
    assert b"BEGIN SOLUTION" in files["cs231n/layers.py"]
    assert {"setup.sh", "run_autograder", "staff/grade/autograder.py", "pyproject.toml"} <= set(files)
    assert not any(name.startswith(("tests/", "benchmarks/", ".")) for name in files)
    assert "pip.conf" not in bundle(SECRET)


def test_the_archive_has_its_files_at_the_top_and_scripts_that_can_be_run(tmp_path, capsys):
    assert main(["--autograder", str(tmp_path / "autograder.zip")]) == 0
    printed = capsys.readouterr().out
    assert f"Made a secret, {tmp_path / 'autograder.secret'}: keep it" in printed
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        for name in ("setup.sh", "run_autograder"):
            assert archive.getinfo(name).external_attr >> 16 == 0o100755
        assert archive.read("secret") == (tmp_path / "autograder.secret").read_bytes().strip()


def test_a_secret_is_made_once_and_then_read(tmp_path):
    secret, made = read_or_make_secret(tmp_path / "new" / "secret")
    assert made and len(secret) == 64 and (tmp_path / "new" / "secret").stat().st_mode & 0o077 == 0
    assert read_or_make_secret(tmp_path / "new" / "secret") == (secret, False)


def test_a_secret_that_is_too_short_is_refused(tmp_path, capsys):
    (tmp_path / "secret").write_text("short")
    arguments = ["--autograder", str(tmp_path / "a.zip"), "--secret", str(tmp_path / "secret")]
    assert main(arguments) == 1
    assert "expected 16 or more" in capsys.readouterr().err and not (tmp_path / "a.zip").exists()


def test_options_of_the_autograder_need_it(capsys):
    with pytest.raises(SystemExit):
        main(["--secret", "x"])
    assert "--secret and --pip-conf are for --autograder" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder"])
def test_the_scripts_are_valid_bash(name):
    subprocess.run(["bash", "-n", autograder.SCRIPTS / name], check=True)
