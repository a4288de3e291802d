"""Generated protobuf modules of 2021 under the protobuf of today.

The API ships ``*_pb2.py`` files that protobuf 4 and later refuse to run with their native parser.
Each holds its file's serialized description, which is all that is needed: `install` makes the
import system build the same messages from it.

It runs under CPython 3.7, where it does nothing.
"""

# This file runs under CPython 3.7.

import ast
import importlib
import importlib.abc
import importlib.machinery
import sys
from pathlib import Path

import google.protobuf

PACKAGE = "object_detection.protos."


def install():
    """Takes over the import of the API's messages, unless protobuf runs them as they are."""
    if int(google.protobuf.__version__.split(".")[0]) > 3 and not _installed():
        sys.meta_path.insert(0, _Finder())


def _installed():
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``object_detection.protos.*_pb2`` and executes nothing of what is written there."""

    def find_spec(self, fullname, path=None, target=None):
        """Returns the module's own place with this loader, None for any other module."""
        if not (fullname.startswith(PACKAGE) and fullname.endswith("_pb2")):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=spec.origin)

    def create_module(self, spec):
        """Leaves the making of the module to the import system."""
        return None

    def exec_module(self, module):
        """Fills a module with the messages and enumerations of its file."""
        from google.protobuf import descriptor_pb2, descriptor_pool
        from google.protobuf.internal import builder

        name = module.__spec__.name
        serialized = _serialized(Path(module.__spec__.origin))
        file = descriptor_pb2.FileDescriptorProto.FromString(serialized)
        for dependency in file.dependency:
            # "object_detection/protos/fpn.proto" is the module object_detection.protos.fpn_pb2.
            importlib.import_module(dependency[: -len(".proto")].replace("/", ".") + "_pb2")
        module.DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(serialized)
        builder.BuildMessageAndEnumDescriptors(module.DESCRIPTOR, module.__dict__)
        builder.BuildTopDescriptorsAndMessages(module.DESCRIPTOR, name, module.__dict__)


def _serialized(path):
    """Returns the bytes literal behind ``serialized_pb=`` in a generated file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "serialized_pb":
            return bytes(ast.literal_eval(node.value))
    raise ImportError("no serialized description in " + str(path))
