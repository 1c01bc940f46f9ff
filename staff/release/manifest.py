"""The list of the package's files as a student gets them, by which `cs231n.submit` knows what changed."""

import json

from cs231n.submit.archive import MANIFEST, digest

__all__ = ["PATH", "manifest"]

PATH = f"cs231n/submit/{MANIFEST}"


def manifest(files):
    """Return the text of the manifest: path -> digest, for each Python file under cs231n/."""
    digests = {
        name: digest(text.encode("utf-8"))
        for name, text in sorted(files.items())
        if name.startswith("cs231n/") and name.endswith(".py")
    }
    return json.dumps(digests, indent=1) + "\n"
