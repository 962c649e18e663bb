import hashlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from transforms.fetch.cache import CacheEntry, FileCache
from transforms.runtime.cache_tag import TAG


@pytest.fixture
def files(tmp_path):
    return FileCache(str(tmp_path), max_bytes=1000)


def add(files, key, data):
    with files.incoming() as place:
        place.open().write(data)
        return files.add(key, CacheEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data)), place)


def total(root):
    return sum(path.stat().st_size for path in (root / "data").iterdir() if path.name != TAG)


def test_what_was_added_is_found(files):
    add(files, "k", b"bytes").close()
    lease = files.find("k")
    with open(lease.path, "rb") as stream:
        assert stream.read() == b"bytes"
    lease.close()
    assert files.find("other") is None


def test_least_recently_used_files_go_first(files, tmp_path):
    for number in range(3):
        add(files, f"{number:032}", bytes([number]) * 300).close()
        os.utime(tmp_path / "data" / hashlib.sha256(bytes([number]) * 300).hexdigest(), (number, number))
    files.find("00000000000000000000000000000000").close()
    add(files, "00000000000000000000000000000003", b"3" * 300).close()
    assert total(tmp_path) <= 1000
    assert files.find("00000000000000000000000000000001") is None
    files.find("00000000000000000000000000000000").close()
    files.find("00000000000000000000000000000003").close()
    assert len(list((tmp_path / "entries").iterdir())) == len(list((tmp_path / "data").iterdir()))


def test_files_in_use_stay(files, tmp_path):
    held = add(files, "held", b"h" * 900)
    for number in range(5):
        add(files, f"k{number}", bytes([number]) * 500).close()
    assert os.path.getsize(held.path) == 900
    held.close()
    add(files, "last", b"l" * 500).close()
    assert not os.path.exists(held.path)
    assert total(tmp_path) <= 1000


def test_a_new_process_counts_what_is_there(files, tmp_path):
    add(files, "k", b"x" * 900).close()
    add(FileCache(str(tmp_path), max_bytes=1000), "l", b"y" * 900).close()
    assert total(tmp_path) == 900


def test_same_bytes_of_two_sources_are_one_file(files, tmp_path):
    first, second = add(files, "a", b"same"), add(files, "b", b"same")
    assert first.path == second.path
    assert len(list((tmp_path / "data").iterdir())) == len([TAG, "the file"])
    first.close()
    second.close()


def test_a_file_held_by_another_process_stays(files, tmp_path):
    add(files, "held", b"h" * 900).close()
    code = (
        "import sys; from transforms.fetch.cache import FileCache\n"
        f"lease = FileCache({str(tmp_path)!r}, 1000).find('held')\n"
        "print(lease.path, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        path = other.stdout.readline().decode().strip()
        add(files, "new", b"n" * 900).close()
        assert os.path.exists(path)
        other.stdin.close()
    add(files, "newer", b"o" * 900).close()
    assert not os.path.exists(path)


def test_leftovers_of_dead_processes_are_removed(files, tmp_path):
    (tmp_path / "incoming" / "docbeam-deadbeef").write_bytes(b"x")
    with files.incoming() as place:
        place.open()
        add(files, "big", b"b" * 1001).close()
        assert os.path.exists(place.path)
    assert not os.path.exists(place.path)
    assert not (tmp_path / "incoming" / "docbeam-deadbeef").exists()


def test_damaged_entries_are_misses(files, tmp_path):
    (tmp_path / "entries" / "k").write_bytes(b"{")
    assert files.find("k") is None


def test_lock_admits_one_at_a_time(files):
    inside, most = 0, 0

    def work():
        nonlocal inside, most
        for _ in range(20):
            with files.lock("k"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_threads_adding_and_evicting_never_lose_a_leased_file(tmp_path):
    files = FileCache(str(tmp_path), max_bytes=2000)
    lost = []

    def work(seed):
        for number in range(40):
            data = bytes([seed, number % 7]) * 150
            lease = add(files, f"{seed}-{number}", data)
            with open(lease.path, "rb") as stream:
                if stream.read() != data:
                    lost.append((seed, number))
            if not os.path.exists(lease.path):
                lost.append((seed, number))
            lease.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert not lost
    assert total(tmp_path) <= 2000


def test_a_cache_in_a_folder_of_somebody_removes_nothing_of_theirs(tmp_path):
    theirs = [tmp_path / folder / name for folder in ("data", "entries", "incoming") for name in ("a.csv", "tmp1")]
    for path in theirs:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 900)
    files = FileCache(str(tmp_path), max_bytes=1000)
    for key in ("a" * 32, "b" * 32, "c" * 32):
        add(files, key, key.encode() * 20).close()
    assert all(path.exists() for path in theirs)
    assert len([path for path in (tmp_path / "data").iterdir() if path.name != "CACHEDIR.TAG"]) == 3
