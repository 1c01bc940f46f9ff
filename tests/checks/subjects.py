"""Subjects for tests: the solved package in this process, with single functions replaced or lines rewritten."""

from cs231n.checks import engine
from cs231n.checks.rubric import load
from cs231n.checks.session import Session
from cs231n.checks.subject import Subject
from staff.misconceptions import subject
from staff.misconceptions.subject import replaced, rewritten
from staff.notebooks import ROOT

__all__ = ["EXERCISES", "ROOT", "replaced", "rewritten", "run", "session", "transport"]

EXERCISES = tuple(load().exercises)


def transport(**modules):
    """Return a transport to the solved package, with some modules replaced: layers, optim, fc_net, cnn."""
    names = {"fc_net": "classifiers.fc_net", "cnn": "classifiers.cnn"}
    return subject.transport({names.get(name, name): module for name, module in modules.items()})


def session(**modules):
    """Return a Session with such a subject."""
    return Session(transport(**modules))


def run(one, seed=0, **modules):
    """Run one check on such a subject."""
    return engine.run_check(one, Subject(transport(**modules)), engine.generator(one.id, seed), seed)
