"""The trusted end of the wire against peers that do not keep to it."""

import socket
import struct
import threading
import time

import pytest

from cs231n.checks.subject.wire import MAX_FRAME, encode
from staff.grade.sandbox.transport import Line, check_reply


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Line(ours), theirs


def soon():
    return time.monotonic() + 0.2


def framed(value):
    body = encode(value)
    return struct.pack("<Q", len(body)) + body


def test_frames_arrive_in_pieces(ends):
    line, theirs = ends
    data = framed({"value": [1, 2]})

    def trickle():
        for place in range(0, len(data), 7):
            theirs.sendall(data[place : place + 7])

    thread = threading.Thread(target=trickle)
    thread.start()
    assert line.receive(time.monotonic() + 10) == {"value": [1, 2]}
    thread.join()


@pytest.mark.parametrize("data", [b"", b"\x05", struct.pack("<Q", 100), struct.pack("<Q", 100) + b"x" * 99])
def test_a_frame_that_does_not_come_is_waited_for_until_the_deadline(ends, data):
    line, theirs = ends
    theirs.sendall(data)
    with pytest.raises(TimeoutError):
        line.receive(soon())


def test_a_peer_that_drips_does_not_stretch_the_deadline(ends):
    line, theirs = ends
    over = threading.Event()

    def drip():
        while not over.wait(0.02):
            theirs.send(b"\1")

    thread = threading.Thread(target=drip)
    theirs.sendall(struct.pack("<Q", 10000))
    thread.start()
    with pytest.raises(TimeoutError):
        line.receive(soon())
    over.set()
    thread.join()


def test_a_peer_that_never_reads_does_not_hold_up_a_write(ends):
    line, _ = ends
    with pytest.raises(TimeoutError):
        line.send(b"x" * 2**24, soon())


@pytest.mark.parametrize("length", [MAX_FRAME + 1, 2**63, 2**64 - 1])
def test_a_frame_that_is_too_large_is_refused_before_it_is_read(ends, length):
    line, theirs = ends
    theirs.sendall(struct.pack("<Q", length))
    with pytest.raises(ValueError, match="expected at most"):
        line.receive(soon())


def test_a_peer_that_closes_is_gone(ends):
    line, theirs = ends
    theirs.sendall(b"\1\0")
    theirs.close()
    with pytest.raises(EOFError):
        line.receive(soon())


CALL = {"op": "call", "args": [1, {"mode": "train"}], "send_args": True}


def test_a_reply_of_the_right_form_passes():
    reply = {"value": 1, "dicts": {"1": {"mode": "train"}}, "args": [1, {"mode": "train"}]}
    assert check_reply(CALL, reply) is reply


@pytest.mark.parametrize(
    "reply",
    [
        1,
        [],
        {},
        {"passed": True},
        {"value": 1},
        {"value": 1, "dicts": {}, "args": [1, 2]},
        {"value": 1, "dicts": {"1": 5}, "args": [1, 2]},
        {"value": 1, "dicts": {"1": {}, "0": {}}, "args": [1, 2]},
        {"value": 1, "dicts": {"1": {}}, "args": None},
        {"value": 1, "dicts": {"1": {}}, "args": [1, 2, 3]},
        {"failure": "passed"},
        {"failure": {"verdict": "passed", "type": "", "message": "", "frames": []}},
        {"failure": {"verdict": "grader_error", "type": "", "message": "", "frames": []}},
        {"failure": {"verdict": ["error"], "type": "", "message": "", "frames": []}},
        {"failure": {"verdict": "error", "type": 1, "message": "", "frames": []}},
        {"failure": {"verdict": "error", "type": "", "message": "", "frames": [["a", "1", "b", "c"]]}},
        {"failure": {"verdict": "error", "type": "", "message": "", "frames": [], "module": 3}},
    ],
)
def test_a_reply_of_another_form_is_refused(reply):
    with pytest.raises(ValueError):
        check_reply(CALL, reply)


def test_what_a_failure_says_is_cut_to_size():
    frames = [["f" * 999, 1, "g" * 999, "h" * 999]] * 100
    reply = {"failure": {"verdict": "error", "type": "T" * 999, "message": "m" * 9999, "frames": frames}}
    failure = check_reply(CALL, reply)["failure"]
    assert len(failure["type"]) == 100 and len(failure["message"]) == 2000
    assert len(failure["frames"]) == 20 and all(len(part) <= 200 for part in failure["frames"][0][::2])
