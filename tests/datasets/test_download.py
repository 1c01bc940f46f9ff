"""`python -m cs231n.datasets`: every way in which a download or an archive can go wrong, and what is left then.

A server on this machine serves a small archive of the official layout; no test uses the network.
"""

import errno
import hashlib
import http.server
import io
import os
import pickle
import socket
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from cs231n import data_utils
from cs231n.datasets import DatasetError, download, download_cifar10, stand_in
from cs231n.datasets import command as command_line
from cs231n.terminal import python_command

FOLDER, ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"
PART = f"{ARCHIVE}.part"
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>" * 50


# --- a small archive, and changed ones ----------------------------------------------------------------------


def official_files():
    files = {"readme.html": b"<html></html>", "batches.meta": pickle.dumps({"label_names": list("abcdefghij")})}
    for seed, name in enumerate([*data_utils.TRAIN_BATCHES, data_utils.TEST_BATCH]):
        pixels = np.random.default_rng(seed).integers(256, size=(20, 3072), dtype=np.uint8)
        files[name] = pickle.dumps({"data": pixels, "labels": [seed] * 20})
    return {f"{FOLDER}/{name}": content for name, content in files.items()}


def make_archive(files):
    """The bytes of a .tar.gz with files, name -> content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def archive():
    return make_archive(official_files())


@pytest.fixture(autouse=True)
def small_archive_is_the_official_one(archive, monkeypatch, tmp_path):
    """Replace the checksum, and keep tests away from the real mirrors and the real folder."""
    monkeypatch.setattr(download, "MD5", hashlib.md5(archive).hexdigest())
    monkeypatch.setattr(download, "MIRRORS", ())
    monkeypatch.setattr(command_line, "DEFAULT_ROOT", tmp_path / "default")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


# --- the server ---------------------------------------------------------------------------------------------


class Server:
    """A web server; `serve` says what happens at a path, `requests` lists (path, Range header)."""

    def __init__(self):
        self.answers, self.requests = {}, []
        self.closing = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Range")))
                outer.answers[self.path](self)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))  # waits no longer for its end
        self.thread.start()

    def serve(self, path, answer):
        self.answers[path] = answer
        return f"http://127.0.0.1:{self.http.server_port}{path}"

    def close(self):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def reply(request, status, body, send=None, **headers):
    """Announce the whole body, and send it or only the first `send` bytes."""
    request.send_response(status)
    for name, value in ({"Content-Length": len(body)} | headers).items():
        if value is not None:
            request.send_header(name.replace("_", "-"), str(value))
    request.end_headers()
    request.wfile.write(body if send is None else body[:send])


def whole(content, send=None, **headers):
    """A server that knows nothing of ranges."""
    return lambda request: reply(request, 200, content, send, **headers)


def with_ranges(content, send=None):
    """A server that continues where it is asked to."""

    def answer(request):
        start = int((request.headers.get("Range") or "bytes=0-")[6:-1])
        if start == 0:
            reply(request, 200, content, send)
        elif start >= len(content):
            reply(request, 416, b"", Content_Range=f"bytes */{len(content)}")
        else:
            reply(
                request, 206, content[start:], send, Content_Range=f"bytes {start}-{len(content)}/{len(content)}"
            )

    return answer


def status(code, body=b""):
    return lambda request: reply(request, code, body)


# --- helpers ------------------------------------------------------------------------------------------------


def left(dest):
    return sorted(path.name for path in dest.iterdir())


def assert_unpacked(dest):
    assert left(dest) == [FOLDER]
    assert {f"{FOLDER}/{path.name}": path.read_bytes() for path in (dest / FOLDER).iterdir()} == official_files()


def failure(dest, *urls):
    """The message of a download that fails, which always says how to go on."""
    with pytest.raises(DatasetError) as caught:
        download_cifar10(dest, urls)
    message = str(caught.value)
    assert all(url in message for url in urls)
    assert f"{python_command('-m', 'cs231n.datasets', '--stand-in')}" in message
    assert f"put it into {dest}" in message
    assert not (dest / FOLDER).exists()
    return message


def break_after(monkeypatch, error, chunks):
    """Let the download raise after some chunks were written."""
    bar = mock.MagicMock()
    bar.__enter__.return_value.update.side_effect = [None] * (chunks - 1) + [error]
    monkeypatch.setattr(download, "progress_bar", lambda **options: bar)


# --- what is promised of the real archive -------------------------------------------------------------------


def test_the_official_checksum_and_address_are_built_in():
    code = "from cs231n.datasets import download; print(download.MD5, download.MIRRORS[0], len(download.MIRRORS))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    md5, url, mirrors = run.stdout.split()
    assert md5 == "c58f30108f718f92721af3b95e74349a"
    assert url == "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    assert int(mirrors) >= 2


# --- downloads that work ------------------------------------------------------------------------------------


def test_a_download_leaves_the_data_and_nothing_else(server, archive, tmp_path, capsys):
    dest = tmp_path / "new" / "folder"
    assert download_cifar10(dest, [server.serve("/a", whole(archive))]) == dest / FOLDER
    assert_unpacked(dest)
    assert data_utils.dataset_name(dest) == "CIFAR-10"
    np.testing.assert_array_equal(data_utils.load_CIFAR_batch(dest / FOLDER / "data_batch_2")[1], [1] * 20)
    output = capsys.readouterr()
    assert "CIFAR-10 is ready" in output.out
    assert "100%" in output.err


def test_a_second_call_says_so_and_does_nothing(server, archive, tmp_path, capsys):
    url = server.serve("/a", whole(archive))
    download_cifar10(tmp_path, [url])
    download_cifar10(tmp_path, [url])
    assert len(server.requests) == 1
    assert f"CIFAR-10 is already there: {tmp_path / FOLDER}" in capsys.readouterr().out


def test_force_downloads_again(server, archive, tmp_path):
    url = server.serve("/a", whole(archive))
    download_cifar10(tmp_path, [url])
    (tmp_path / FOLDER / "data_batch_1").write_bytes(b"damaged")
    download_cifar10(tmp_path, [url], force=True)
    assert_unpacked(tmp_path)


def test_a_forced_download_that_fails_keeps_the_data(server, archive, tmp_path):
    download_cifar10(tmp_path, [server.serve("/a", whole(archive))])
    with pytest.raises(DatasetError):
        download_cifar10(tmp_path, [server.serve("/bad", status(500))], force=True)
    assert_unpacked(tmp_path)


def test_incomplete_data_is_replaced(server, archive, tmp_path):
    url = server.serve("/a", whole(archive))
    download_cifar10(tmp_path, [url])
    (tmp_path / FOLDER / "test_batch").unlink()
    download_cifar10(tmp_path, [url])
    assert_unpacked(tmp_path)


def test_stand_in_data_is_replaced_by_the_real_one(server, archive, tmp_path, monkeypatch):
    monkeypatch.setattr(stand_in, "PER_CLASS", stand_in.CHUNK)
    stand_in.write_stand_in(tmp_path)
    download_cifar10(tmp_path, [server.serve("/a", whole(archive))])
    assert_unpacked(tmp_path)


def test_an_archive_put_there_by_hand_is_used_and_kept(archive, tmp_path):
    (tmp_path / ARCHIVE).write_bytes(archive)
    download_cifar10(tmp_path, [])
    assert left(tmp_path) == [FOLDER, ARCHIVE]


def test_a_wrong_archive_put_there_by_hand_is_named_and_left_alone(server, archive, tmp_path, capsys):
    (tmp_path / ARCHIVE).write_bytes(archive[:-1])
    download_cifar10(tmp_path, [server.serve("/a", whole(archive))])
    assert f"Not used: {tmp_path / ARCHIVE}. Its checksum" in capsys.readouterr().out
    (tmp_path / ARCHIVE).unlink()
    assert_unpacked(tmp_path)


def test_a_body_that_the_server_labels_as_compressed_is_stored_as_it_is(server, archive, tmp_path):
    download_cifar10(tmp_path, [server.serve("/a", whole(archive, Content_Encoding="gzip"))])
    assert_unpacked(tmp_path)


def test_a_server_that_does_not_tell_the_length_is_served_too(server, archive, tmp_path):
    download_cifar10(tmp_path, [server.serve("/a", whole(archive, Content_Length=None))])
    assert_unpacked(tmp_path)


# --- broken-off downloads -----------------------------------------------------------------------------------


def test_a_connection_cut_half_way_leaves_a_part_which_the_next_call_continues(server, archive, tmp_path):
    half = len(archive) // 2
    message = failure(tmp_path, server.serve("/a", with_ranges(archive, send=half)))
    assert "the connection broke off" in message
    assert "continues after" in message and str(tmp_path / PART) in message
    assert left(tmp_path) == [PART]
    assert (tmp_path / PART).read_bytes() == archive[:half]

    download_cifar10(tmp_path, [server.serve("/a", with_ranges(archive))])
    assert server.requests[-1] == ("/a", f"bytes={half}-")
    assert_unpacked(tmp_path)


def test_the_next_mirror_continues_what_the_last_one_broke_off(server, archive, tmp_path):
    half = len(archive) // 2
    first = server.serve("/a", with_ranges(archive, send=half))
    download_cifar10(tmp_path, [first, server.serve("/b", with_ranges(archive))])
    assert server.requests == [("/a", None), ("/b", f"bytes={half}-")]
    assert_unpacked(tmp_path)


def test_a_continued_download_that_breaks_off_again_goes_on_later(server, archive, tmp_path):
    third = len(archive) // 3
    for already in (third, 2 * third):
        failure(tmp_path, server.serve("/a", with_ranges(archive, send=third)))
        assert (tmp_path / PART).read_bytes() == archive[:already]
    download_cifar10(tmp_path, [server.serve("/a", with_ranges(archive))])
    assert_unpacked(tmp_path)


def test_a_server_that_ignores_ranges_starts_again(server, archive, tmp_path):
    (tmp_path / PART).write_bytes(archive[:1000])
    download_cifar10(tmp_path, [server.serve("/a", whole(archive))])
    assert server.requests == [("/a", "bytes=1000-")]
    assert_unpacked(tmp_path)


def test_a_server_that_sends_another_range_is_asked_for_everything(server, archive, tmp_path):
    (tmp_path / PART).write_bytes(archive[:1000])

    def answer(request):
        if request.headers.get("Range"):
            reply(request, 206, archive[500:], Content_Range=f"bytes 500-{len(archive)}/{len(archive)}")
        else:
            reply(request, 200, archive)

    download_cifar10(tmp_path, [server.serve("/a", answer)])
    assert_unpacked(tmp_path)


def test_a_complete_part_needs_no_server(archive, tmp_path):
    (tmp_path / PART).write_bytes(archive)
    download_cifar10(tmp_path, ["http://127.0.0.1:9/nobody"])
    assert_unpacked(tmp_path)


@pytest.mark.parametrize("surplus", [0, 10])
def test_a_part_that_is_long_enough_but_wrong_is_fetched_anew(server, archive, tmp_path, surplus):
    (tmp_path / PART).write_bytes(archive[:-5] + bytes(5 + surplus))
    download_cifar10(tmp_path, [server.serve("/a", with_ranges(archive))])
    assert server.requests == [("/a", f"bytes={len(archive) + surplus}-"), ("/a", None)]
    assert_unpacked(tmp_path)


@pytest.mark.parametrize("beginning", [PAGE, bytes(1000)], ids=["a web page", "zeros"])
def test_after_a_wrong_beginning_everything_is_fetched_anew(server, archive, tmp_path, beginning):
    (tmp_path / PART).write_bytes(beginning)
    download_cifar10(tmp_path, [server.serve("/a", with_ranges(archive))])
    assert server.requests == [("/a", f"bytes={len(beginning)}-"), ("/a", None)]
    assert_unpacked(tmp_path)


# --- bad answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/x-gzip"])
def test_a_web_page_with_status_200_leaves_nothing(server, tmp_path, kind):
    message = failure(tmp_path, server.serve("/a", whole(PAGE, Content_Type=kind)))
    assert "a web page" in message
    assert left(tmp_path) == []


def test_a_web_page_does_not_harm_a_part(server, archive, tmp_path):
    (tmp_path / PART).write_bytes(archive[:1000])
    failure(tmp_path, server.serve("/a", whole(PAGE, Content_Type="text/html")))
    assert (tmp_path / PART).read_bytes() == archive[:1000]


def test_after_a_web_page_the_next_mirror_is_asked(server, archive, tmp_path, capsys):
    urls = [server.serve("/page", whole(PAGE, Content_Type="text/html")), server.serve("/b", whole(archive))]
    download_cifar10(tmp_path, urls)
    assert_unpacked(tmp_path)
    assert f"That failed. Next place: {urls[1]}" in capsys.readouterr().out


def test_a_truncated_archive_that_claims_to_be_whole_is_deleted(server, archive, tmp_path):
    message = failure(tmp_path, server.serve("/a", whole(archive[: len(archive) // 2])))
    assert "wrong checksum" in message and "deleted" in message
    assert left(tmp_path) == []


def test_a_tampered_archive_is_deleted(server, archive, tmp_path):
    tampered = bytearray(archive)
    tampered[len(tampered) // 2] ^= 1
    message = failure(tmp_path, server.serve("/a", whole(bytes(tampered))))
    assert "wrong checksum" in message and "deleted" in message
    assert left(tmp_path) == []


def test_an_empty_answer_leaves_nothing(server, tmp_path):
    failure(tmp_path, server.serve("/a", whole(b"")))
    assert left(tmp_path) == []


@pytest.mark.parametrize("code", [403, 404, 416, 500, 503])
def test_an_error_status_is_named(server, tmp_path, code):
    assert f"the server answered {code}" in failure(tmp_path, server.serve("/a", status(code, PAGE)))
    assert left(tmp_path) == []


def test_every_mirror_is_listed_with_its_own_reason(server, archive, tmp_path, capsys):
    urls = [
        server.serve("/gone", status(404)),
        server.serve("/page", whole(PAGE)),
        server.serve("/cut", whole(archive, send=100_000)),
        server.serve("/bad", whole(archive[:-1] + b"x")),
        "no-url",
    ]
    message = failure(tmp_path, *urls)
    reasons = ["404", "a web page", "broke off", "checksum", "Invalid URL"]
    for url, reason, following in zip(urls, reasons, [*urls[1:], "How to go on"]):
        assert reason in message[message.index(url) : message.index(following)]
    printed = capsys.readouterr().out
    assert not any(reason in printed for reason in reasons), "the reasons are told once, in the message"


def test_nobody_listening_is_called_no_connection(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "no connection" in failure(tmp_path, f"http://127.0.0.1:{port}/a")
    assert left(tmp_path) == []


def test_a_server_that_never_answers_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (0.3, 0.3))
    message = failure(tmp_path, server.serve("/a", lambda request: server.closing.wait()))
    assert "no answer within 0.3 seconds" in message


def test_a_server_that_stops_half_way_is_given_up_and_the_part_stays(server, archive, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (0.5, 0.5))

    def answer(request):
        reply(request, 200, archive, send=200_000)
        request.wfile.flush()
        server.closing.wait()

    assert "broke off" in failure(tmp_path, server.serve("/a", answer))
    part = (tmp_path / PART).read_bytes()
    assert part and archive.startswith(part)


# --- unpacking ----------------------------------------------------------------------------------------------


def test_an_archive_that_cannot_be_unpacked_leaves_nothing_but_itself(archive, tmp_path):
    (tmp_path / "archive").write_bytes(archive[: len(archive) // 2])
    with pytest.raises(DatasetError, match=f"{tmp_path / 'archive'} cannot be unpacked"):
        download._unpack(tmp_path / "archive", tmp_path / FOLDER)
    assert left(tmp_path) == ["archive"]


def test_an_interrupted_unpacking_leaves_the_old_data_and_the_part(server, archive, tmp_path, monkeypatch):
    download_cifar10(tmp_path, [server.serve("/a", whole(archive))])

    def interrupt(archive, folder):
        (folder / FOLDER / "data_batch_1").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download, "extract", interrupt)
        with pytest.raises(KeyboardInterrupt):
            download_cifar10(tmp_path, [server.serve("/a", whole(archive))], force=True)
    assert left(tmp_path) == [FOLDER, PART]
    assert data_utils.dataset_name(tmp_path) == "CIFAR-10"
    download_cifar10(tmp_path, [], force=True)  # the part is complete, so no server is needed
    assert_unpacked(tmp_path)


def test_leftovers_of_a_killed_process_are_cleared_away(server, archive, tmp_path):
    (tmp_path / f"{FOLDER}.part").mkdir()
    (tmp_path / f"{FOLDER}.part" / "data_batch_1").write_bytes(b"half")
    download_cifar10(tmp_path, [server.serve("/a", whole(archive))])
    assert_unpacked(tmp_path)


# --- the command --------------------------------------------------------------------------------------------


def command(*arguments):
    return command_line.main([str(argument) for argument in arguments])


def test_the_command_downloads_and_says_how_to_use_the_data(server, archive, tmp_path, capsys):
    assert command("--dest", tmp_path, "--url", server.serve("/a", whole(archive))) == 0
    assert_unpacked(tmp_path)
    assert f"CIFAR10_DIR to {tmp_path}" in capsys.readouterr().out


def test_the_command_knows_its_default_place(server, archive, tmp_path, capsys):
    assert command("--url", server.serve("/a", whole(archive))) == 0
    assert_unpacked(tmp_path / "default")
    assert "CIFAR10_DIR" not in capsys.readouterr().out


def test_several_urls_are_mirrors(server, archive, tmp_path):
    urls = [server.serve("/a", status(404)), server.serve("/b", whole(archive))]
    assert command("--dest", tmp_path, "--url", urls[0], "--url", urls[1]) == 0
    assert [path for path, _ in server.requests] == ["/a", "/b"]


def test_the_command_ends_with_1_and_a_message_when_all_mirrors_fail(server, tmp_path, capsys):
    assert command("--dest", tmp_path, "--url", server.serve("/a", status(404))) == 1
    error = capsys.readouterr().err
    assert "could not be downloaded" in error and "404" in error
    assert "Traceback" not in error


def test_the_command_ends_with_130_after_ctrl_c_and_goes_on_later(server, archive, tmp_path, monkeypatch, capsys):
    url = server.serve("/a", with_ranges(archive))
    with monkeypatch.context() as patch:
        break_after(patch, KeyboardInterrupt(), chunks=2)
        assert command("--dest", tmp_path, "--url", url) == 130
    assert "Interrupted" in capsys.readouterr().err
    assert left(tmp_path) == [PART]
    size = (tmp_path / PART).stat().st_size
    assert 0 < size < len(archive)
    assert command("--dest", tmp_path, "--url", url) == 0
    assert server.requests[-1] == ("/a", f"bytes={size}-")
    assert_unpacked(tmp_path)


def test_a_full_disk_gives_a_clear_message(server, archive, tmp_path, monkeypatch, capsys):
    break_after(monkeypatch, OSError(errno.ENOSPC, "No space left on device"), chunks=2)
    assert command("--dest", tmp_path, "--url", server.serve("/a", whole(archive))) == 1
    error = capsys.readouterr().err
    assert f"Could not write to {tmp_path}: The disk is full: about 360 MB are needed." in error
    assert "--dest DIR" in error
    assert left(tmp_path) == [PART]


def test_a_destination_that_is_a_file_gives_a_clear_message(server, archive, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"")
    assert command("--dest", tmp_path / "file", "--url", server.serve("/a", whole(archive))) == 1
    assert f"Could not write to {tmp_path / 'file'}" in capsys.readouterr().err


def test_stand_in_and_url_exclude_each_other(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        command("--dest", tmp_path, "--stand-in", "--url", "http://127.0.0.1:9/")
    assert caught.value.code == 2
    assert "--url has no meaning" in capsys.readouterr().err


def test_the_command_draws_the_stand_in_data(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(stand_in, "PER_CLASS", stand_in.CHUNK)
    assert command("--dest", tmp_path, "--stand-in") == 0
    assert data_utils.dataset_name(tmp_path) == "stand-in data"
    assert "not CIFAR-10" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="a script of the Unix shell")
def test_get_datasets_sh_runs_the_command_from_any_folder(archive, tmp_path):
    script = Path(download.__file__).with_name("get_datasets.sh")
    (tmp_path / "data" / FOLDER).mkdir(parents=True)
    for name, content in official_files().items():
        (tmp_path / "data" / name).write_bytes(content)
    run = subprocess.run(
        ["sh", script, "--dest", "data"],
        cwd=tmp_path,
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "CIFAR-10 is already there" in run.stdout
