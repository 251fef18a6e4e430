"""Which files make a revision, and which never do (attack catalogue YM-06, YM-19)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.configuration import read_folder
from broker.configuration.bundle import resolve_reference
from broker.configuration.document import LONGEST_FILE

SAML = "id: a\nidentity_providers:\n  - {id: x, protocol: saml, metadata: {file: %s}}\n"


def put(folder: Path, name: str, text: str = "id: a\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def problems(folder: Path) -> list[tuple[str, str]]:
    return [(problem.file, problem.what) for problem in read_folder(folder).problems]


def test_one_object_a_file_and_nothing_else(tmp_path: Path) -> None:
    names = ("broker.yaml", "clients/a.yaml", "clients/deep/b.yaml", "tenants/c.yaml", "apis/d.yaml")
    others = ("README.md", "tenants/.hidden.yaml", "tenants/.git/x.yaml", "other/x.yaml", "tenants/x.yaml~", "x.yaml")
    for name in names + others:
        put(tmp_path, name)
    assert sorted(read_folder(tmp_path).files) == sorted(names)


def test_a_file_that_looks_like_yaml_but_is_ignored_is_mentioned(tmp_path: Path) -> None:
    put(tmp_path, "tenants/a.yml")
    bundle = read_folder(tmp_path)
    assert [(p.file, p.what, p.warning) for p in bundle.problems] == [("tenants/a.yml", "the file is ignored", True)]
    assert bundle.files == {}


def test_a_metadata_file_comes_along(tmp_path: Path) -> None:
    put(tmp_path, "tenants/a.yaml", SAML % "../metadata/a.xml")
    put(tmp_path, "metadata/a.xml", "<x/>")
    assert read_folder(tmp_path).files["metadata/a.xml"] == b"<x/>"


def test_a_metadata_file_outside_never_comes_along(tmp_path: Path) -> None:
    put(tmp_path, "outside.xml", "<secret/>")
    put(tmp_path, "config/tenants/a.yaml", SAML % "../../outside.xml")
    put(tmp_path, "config/tenants/b.yaml", SAML % (tmp_path / "outside.xml"))
    assert all(b"<secret/>" not in data for data in read_folder(tmp_path / "config").files.values())


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    """YM-19"""
    put(tmp_path, "outside.yaml")
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "tenants" / "a.yaml").symlink_to(tmp_path / "outside.yaml")
    expected = [("tenants/a.yaml", "is a link that leads out of the configuration folder")]
    assert problems(tmp_path / "config") == expected


def test_a_link_inside_the_folder_is_how_mounted_configuration_looks(tmp_path: Path) -> None:
    put(tmp_path, "tenants/..data/a.yaml")
    (tmp_path / "tenants" / "a.yaml").symlink_to("..data/a.yaml")
    assert list(read_folder(tmp_path).files) == ["tenants/a.yaml"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "a.yaml").symlink_to("a.yaml")
    assert problems(tmp_path) == [("tenants/a.yaml", "cannot be read")]


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """YM-19"""
    (tmp_path / "tenants").mkdir()
    os.mkfifo(tmp_path / "tenants" / "a.yaml")
    assert problems(tmp_path) == [("tenants/a.yaml", "is not a regular file")]


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    """YM-06"""
    put(tmp_path, "tenants/a.yaml", "#" * (LONGEST_FILE + 1))
    assert problems(tmp_path) == [("tenants/a.yaml", f"is larger than {LONGEST_FILE} bytes")]


def test_a_folder_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "none") == [(".", "the configuration folder does not exist")]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("a.xml", "tenants/a.xml"),
        ("deep/../a.xml", "tenants/a.xml"),
        ("../metadata/a.xml", "metadata/a.xml"),
        ("../../a.xml", None),
        ("../..", None),
        ("..", None),
        ("/etc/passwd", None),
        ("a\0.xml", None),
        ("..\\a.xml", None),
    ],
)
def test_a_relative_path_starts_at_the_file_that_names_it_and_stays_below(reference: str, found: str | None) -> None:
    assert resolve_reference("tenants/x.yaml", reference) == found
