"""Files in a store are those of a folder, appear whole, and count when they are read back."""

import hashlib
import json

import fsspec
import pytest

from scripts.delivery.destination import NoAnswer, Record
from scripts.delivery.destinations.storage import Storage
from scripts.delivery.errors import ConfigError


@pytest.fixture
def store():
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def plugin(address="memory://bucket/out", **options):
    destination = Storage({"address": address, **options}, {})
    destination.check()
    destination.begin("contacts", 7)
    return destination


def add(*keys):
    return [Record(key, None, {"segment": "a"}, {"segment": "a"}) for key in keys]


def names(store):
    return sorted(path.rpartition("/")[2] for path in store.find("/bucket/out"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_run_is_files_in_order_and_a_manifest(store, kind):
    destination = plugin(format=kind)
    destination.send(None, "remove", [Record("b", None, {}, {})])
    destination.send(None, "add", add("a", "c"))
    destination.end()
    first, second, manifest = names(store)
    assert first.endswith(f"-0001-remove.{kind}") and second.endswith(f"-0002-add.{kind}")
    listed = json.loads(store.cat(f"/bucket/out/{manifest}"))
    assert listed["complete"] is True
    for entry in listed["files"]:
        content = store.cat(f"/bucket/out/{entry['name']}")
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    if kind == "csv":
        lines = store.cat(f"/bucket/out/{second}").decode().split()
        assert lines == ["operation,key,segment", "add,a,a", "add,c,a"]


def test_what_did_not_arrive_whole_is_sent_again(store, monkeypatch):
    real = type(store).put_file

    def cut(self, local, remote, **more):
        real(self, local, remote, **more)
        store.pipe(remote, store.cat(remote)[:5])

    destination = plugin()
    monkeypatch.setattr(type(store), "put_file", cut)
    with pytest.raises(NoAnswer, match="5 of"):
        destination.send(None, "add", add("a"))
    monkeypatch.setattr(type(store), "put_file", real)
    destination.send(None, "add", add("a"))
    assert [name for name in names(store) if name.endswith("-0001-add.csv")]


def test_an_error_of_the_store_is_named_without_its_text(store, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("signature of AKIASECRET is wrong")

    destination = plugin()
    monkeypatch.setattr(type(store), "put_file", fail)
    with pytest.raises(NoAnswer, match=r"not copied \(RuntimeError\)") as found:
        destination.send(None, "add", add("a"))
    assert "AKIASECRET" not in str(found.value)


@pytest.mark.parametrize(
    ("address", "words"),
    [("", "Set the option address"), ("bucket/out", "Set the option address"),
     ("nostore://x", "cannot be opened"), ("s3://bucket/x", "s3fs")],
)  # fmt: skip
def test_an_address_that_nothing_opens(address, words):
    with pytest.raises(ConfigError, match=words):
        plugin(address)


def test_a_password_in_the_address_is_in_no_name():
    destination = Storage({"address": "sftp://ann:secret@host/folder"}, {})
    assert destination.account == "sftp://host/folder"
    assert "secret" not in destination.whose(None)
