"""A worker without TensorFlow, for tests: what a case is named is what it does.

It writes its one array by hand, since every test starts some of it and NumPy takes long to import.
"""

import importlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

SLEEPER = [sys.executable, "-c", "import os, time; os.setsid(); time.sleep(120)"]

#: Of an array of two numbers in float32, as `numpy.save` writes it.
HEADER = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
HEADER = HEADER.ljust(127) + b"\n"


def answer(case, out, loaded=None):
    """Writes what a worker would: one output, whose value the case gives."""
    folder = out / f"case-{case['index']}"
    folder.mkdir(exist_ok=True)
    meta = {"error": None, "modes": {}}
    for mode in case.get("modes", ["inference"]):
        tensor = {"group": "output", "name": "y", "order": 0, "dtype": "float32", "shape": [2]}
        with zipfile.ZipFile(folder / f"{mode}.npz", "w") as archive:
            archive.writestr("a0.npy", HEADER + struct.pack("<2f", 1.0, 1.0))
        meta["modes"][mode] = {
            "built": "fake",
            "variables": [],
            "tensors": [{**tensor, "floor": None, "floors": {}, "key": "a0"}],
            "notes": [f"answered by {os.getpid()}"],
            "gradient_error": None,
            "seconds": 0.0,
        }
    if loaded is not None:
        write(folder / "loaded.json", json.dumps(loaded))
    write(folder / "meta.json", json.dumps(meta))


def write(path, text):
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(text)
    partial.replace(path)


def deadlock():
    """Two threads that wait for each other, as locks of C code may."""
    threading = importlib.import_module("threading")
    first, second = threading.Lock(), threading.Lock()
    first.acquire()
    threading.Thread(target=lambda: (second.acquire(), first.acquire())).start()
    time.sleep(0.05)
    second.acquire()


def stuck_in_c():
    """A call that no signal handler of Python interrupts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL})
    importlib.import_module("ctypes").CDLL(None).pause()


def main():
    request = json.loads(Path(sys.argv[1]).read_text())
    out = Path(request["out"])
    names = [case["name"] for case in request["cases"]]
    if "never starts" in names:
        raise ImportError("no such framework")
    write(out / "environment.json", json.dumps({"python": "0"}))
    for place, case in enumerate(request["cases"]):
        name = case["name"].split(" ")[0]
        with (out / "ran.txt").open("a") as ran:
            ran.write(f"{case['name']} {os.getpid()} {place}\n")
        if name == "exits":
            print("last words \x1b[31mred\x1b[0m", flush=True)
            os._exit(7)
        if name == "segfaults":
            os.kill(os.getpid(), signal.SIGSEGV)
        if name == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "sleeps":
            time.sleep(60)
        if name == "deadlocks":
            deadlock()
        if name == "stuck":
            stuck_in_c()
        if name == "asks":
            print("got", repr(sys.stdin.read()), flush=True)
            os._exit(3)
        if name == "forks":
            child = subprocess.Popen(SLEEPER)
            (out / "child").write_text(f"{os.getpid()} {child.pid}")
            time.sleep(60)
        if name == "daemon":
            child = subprocess.Popen(SLEEPER)
            (out / "child").write_text(f"{os.getpid()} {child.pid}")
        if name == "eats":
            kept = [b"x" * 2**25 for _ in range(case.get("blocks", 4))]  # of 32 MiB
            (out / f"fat-{os.getpid()}").write_text(str(len(kept)))
            time.sleep(case.get("seconds", 60))
        if name == "rubbish":
            os.write(1, bytes(range(256)) * 400)
            (out / f"case-{case['index']}").mkdir(exist_ok=True)
            write(out / f"case-{case['index']}/meta.json", "{not JSON \x00")
            continue
        if name == "half":
            answer(case, out)
            for path in (out / f"case-{case['index']}").glob("*.npz"):
                path.write_bytes(path.read_bytes()[:100])
            continue
        if name == "chatters":
            for _ in range(90):
                os.write(1, b"chatter " * 2**17)
                time.sleep(0.01)
            print("and the last line", flush=True)
        if name == "spoiled" and place:
            os._exit(5)
        if name == "touchy" and place:
            folder = out / f"case-{case['index']}"
            folder.mkdir()
            write(folder / "meta.json", json.dumps({"modes": {"inference": {"error": {}}}}))
            (folder / "meta.json").write_text(
                json.dumps({"modes": {"inference": {"error": {"traceback": "x", "stage": "y"}}}})
            )
            continue
        time.sleep(case.get("seconds", 0) if name == "slow" else 0)
        answer(case, out, request.get("loaded"))
    if names[-1] == "stays":
        time.sleep(60)


if __name__ == "__main__":
    main()
