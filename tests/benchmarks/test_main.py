"""python -m benchmarks, from its own process to the files it writes."""

import json
import os
import subprocess
import sys

import pytest

from staff import ROOT


def _run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """What --quick printed and the folder it wrote into, with an environment that it has to clean first."""
    out = tmp_path_factory.mktemp("benchmarks")
    done = _run("--quick", "--out", str(out), OPENBLAS_CORETYPE="Haswell", OMP_NUM_THREADS="7")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, out


def test_quick_prints_what_it_writes(quick):
    printed, out = quick
    assert (out / "threads-1.txt").read_text().strip() in printed
    assert (out / "threads-1.png").read_bytes().startswith(b"\x89PNG")
    for words in ("convolution, float32", "pool, float64", "ThreeLayerConvNet", "naive", "temporaries", "errors"):
        assert words in printed


def test_the_json_file_holds_every_round_of_every_method(quick):
    results = json.loads((quick[1] / "threads-1.json").read_text())
    assert results["environment"]["threads"] == results["environment"]["cores used"] == 1
    groups = {(record["group"], record["dtype"], record["direction"]) for record in results["timings"]}
    assert len(groups) == 3 * 2 * 2 + 2 * 2
    for record in results["timings"]:
        assert {"torch", "cs231n"} <= set(record["seconds"])
        for seconds in record["seconds"].values():
            assert len(seconds) == results["rounds"] == 3
            assert all(value > 0 for value in seconds)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux only")
def test_the_classic_method_is_seen_to_keep_a_matrix_that_grows_with_the_minibatch(quick):
    records = json.loads((quick[1] / "threads-1.json").read_text())["memory"]
    classic = [record["MB"]["im2col + BLAS"] for record in records if "im2col + BLAS" in record["MB"]]
    assert classic
    for one, two in classic:
        assert 1.5 < two / one < 2.5


@pytest.mark.parametrize("threads", ["0", "two"])
def test_a_bad_number_of_threads_is_refused(threads):
    done = _run("--threads", threads)
    assert done.returncode == 2 and "--threads" in done.stderr


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not pin processes")
def test_more_threads_than_cores_are_refused():
    done = _run("--threads", "4096")
    assert done.returncode == 1 and "4096" in done.stderr
