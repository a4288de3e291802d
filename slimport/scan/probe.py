# ruff: noqa
# mypy: ignore-errors
# Runs in any interpreter, Python 2.7 included, by `-c`: it imports nothing but the standard library
# and looks at files only. Prints one JSON object.
"""What is installed for the interpreter that runs this."""

import sys

# An empty entry is the working folder: nothing that lies there may be taken for a module of Python.
sys.path[:] = [entry for entry in sys.path if entry]

import json
import os
import platform
import re
import site

WANTED = re.compile(
    r"^(tensorflow([_-].*)?|intel[_-]tensorflow|tf[_-].*|keras([_-].*)?|numpy|protobuf|h5py|slim|nets|"
    r"object[_-]detection.*|libcst|slimport|ml[_-]dtypes|scipy|pycocotools|lvis|setuptools)$",
    re.IGNORECASE,
)
MODULES = (
    "tensorflow",
    "tensorflow.contrib",
    "tensorflow.contrib.slim",
    "tf_slim",
    "slim",
    "nets",
    "deployment",
    "datasets",
    "preprocessing",
    "object_detection",
    "object_detection.protos",
    "keras",
    "tf_keras",
    "numpy",
    "google.protobuf",
    "tensorflow_io",
    "tensorflow_estimator",
    "tensorflow_addons",
    "distutils",
    "imp",
)
VARIABLES = (
    "PYTHONPATH",
    "TF_USE_LEGACY_KERAS",
    "KERAS_BACKEND",
    "KERAS_HOME",
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "TF2_BEHAVIOR",
)


def search_path(extra):
    # type: (list) -> list
    """Where imports look: the interpreter's path, with what isolation has hidden from it."""
    found = list(extra)
    user = None
    try:
        user = site.getusersitepackages()
    except Exception:
        pass
    in_environment = getattr(sys, "base_prefix", sys.prefix) != sys.prefix
    if (
        user
        and os.path.isdir(user)
        and not in_environment
        and not os.environ.get("PYTHONNOUSERSITE")
    ):
        found.append(user)
    return [entry for entry in found + sys.path if entry and os.path.isdir(entry)]


def distributions(path):
    # type: (list) -> list
    """Name, version and place of what is installed, in the order in which imports see it."""
    found = []
    seen = set()
    for folder in path:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in names:
            base, extension = os.path.splitext(name)
            if extension not in (".dist-info", ".egg-info"):
                continue
            project = re.split(r"-(?=[0-9])", base)[0]
            if not WANTED.match(project):
                continue
            read = metadata(os.path.join(folder, name))
            if read is None:
                continue
            key = re.sub(r"[-_.]+", "-", read["name"]).lower()
            if key not in seen:
                seen.add(key)
                read["where"] = folder
                found.append(read)
    return found


def metadata(place):
    # type: (str) -> object
    for name in ("METADATA", "PKG-INFO", ""):
        file = os.path.join(place, name) if name else place
        if not os.path.isfile(file):
            continue
        with open(file, "rb") as stream:
            head = stream.read(200000).decode("utf-8", "replace").replace("\r\n", "\n")
        head = head.split("\n\n", 1)[0]
        fields = re.findall(r"(?m)^(Name|Version|Requires-Dist|Requires-Python): *(.*)$", head)
        single = dict((key, value) for key, value in fields if key != "Requires-Dist")
        if "Name" in single and "Version" in single:
            wanted = [
                value for key, value in fields if key == "Requires-Dist" and "extra ==" not in value
            ]
            return {
                "name": single["Name"],
                "version": single["Version"],
                "requires": wanted,
                "python": single.get("Requires-Python", ""),
            }
    return None


def module(name, path):
    # type: (str, list) -> object
    """Where a module would be taken from; nothing is imported."""
    parts = name.split(".")
    folders = path
    for part in parts[:-1]:
        folders = [os.path.join(folder, part) for folder in folders]
        folders = [folder for folder in folders if os.path.isdir(folder)][:1]
    last = parts[-1]
    for folder in folders:
        whole = os.path.join(folder, last)
        if os.path.isfile(os.path.join(whole, "__init__.py")):
            return whole
        for extension in (".py", ".so", ".pyd"):
            if os.path.isfile(whole + extension):
                return whole + extension
    for folder in folders:  # a folder without __init__.py counts last, as in Python 3
        whole = os.path.join(folder, last)
        if os.path.isdir(whole) and (sys.version_info[0] > 2):
            try:
                entries = os.listdir(whole)
            except OSError:
                continue
            if any(
                name.endswith(".py") or os.path.isdir(os.path.join(whole, name)) for name in entries
            ):
                return whole
    return None


def keras_backend():
    # type: () -> str
    """What keras.json says, which counts where no variable does."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    try:
        with open(os.path.join(home, "keras.json")) as stream:
            return str(json.load(stream).get("backend", ""))
    except Exception:
        return ""


def main(extra):
    # type: (list) -> dict
    path = search_path(extra)
    return {
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "prefix": sys.prefix,
        "environment": dict((name, os.environ[name]) for name in VARIABLES if os.environ.get(name)),
        "keras_json": keras_backend(),
        "path": path,
        "distributions": distributions(path),
        "modules": dict((name, module(name, path)) for name in MODULES),
    }


extra = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
print(json.dumps(main(extra)))
