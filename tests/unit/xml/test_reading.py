"""What strangers send is forgotten: names that nobody has used before, in every document others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lxml import etree

from broker.xml import reading

# 64 documents with 1.2 million bytes of new names each; then how many megabytes the process has grown by.
STRANGER = """
import os, secrets, sys
from pathlib import Path
from tests.performance.cpu import megabytes
from broker.xml.aggregate import Picker
from broker.xml.metadata import MetadataRefused
from broker.xml.reading import read

def names():
    return b"<r>" + b"".join(b"<a%s/>" % secrets.token_hex(200).encode() for _ in range(3000)) + b"</r>"

def aside(document):
    try:
        Picker(None).feed(document)
    except MetadataRefused:
        pass

act = {"whole": lambda document: read(document, bare=False), "pieces": aside}[sys.argv[1]]
for _ in range(20):
    act(names())
before = megabytes(os.getpid())
for _ in range(64):
    act(names())
print(megabytes(os.getpid()) - before)
"""
LEAST_LEAK = 64 * 1.2 / 2  # megabytes; half of what would stay
ROOT = reading.__file__.rsplit("/broker/", 1)[0]


@pytest.mark.parametrize("way", ["whole", "pieces"])
def test_names_of_strangers_do_not_stay_in_memory(way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, way],
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < LEAST_LEAK


def test_a_tree_outlives_the_thread_that_read_it() -> None:
    padding = b" " * reading.LIFE  # the next document comes to another thread
    trees = [
        reading.read(b"<r><a%d b='c'>text</a%d></r>" % (number, number) + padding, bare=False) for number in range(20)
    ]
    trees[0].append(trees[-1][0])
    assert etree.tostring(trees[0]) == b'<r><a0 b="c">text</a0><a19 b="c">text</a19></r>'
    assert [tree[0].tag for tree in trees[:-1]] == [f"a{number}" for number in range(19)]


def test_a_forked_process_reads_with_threads_of_its_own() -> None:
    """gunicorn's master may have read metadata files before its workers exist."""
    script = """
import os, sys
from broker.xml.reading import read
read(b"<r/>", bare=True)
child = os.fork()
if child == 0:
    os._exit(0 if read(b"<s/>", bare=True).tag == "s" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONWARNINGS": "default"}
    assert subprocess.run([sys.executable, "-c", script], env=environment, timeout=20, check=False).returncode == 0
