"""Empty stand-ins for packages that a repository imports and this machine need not have.

What is measured is how TensorFlow and slim code loads. OpenCV, plotting and a repository's own
compiled extensions are the same on both sides, so both get a stand-in: every attribute of one
exists, can be called and can be a base class. A listed package is replaced even where it is
installed, so that a row does not depend on the machine.

It runs under CPython 3.7.
"""

# This file runs under CPython 3.7.

import importlib.abc
import importlib.machinery
import sys
import types


class Nothing:
    """A value of an absent package: any use of it gives another one."""

    def __init__(self, *args, **keywords):
        """Takes whatever its caller hands over."""

    def __getattr__(self, name):
        """Any attribute but the interpreter's own, which would make it something that it is not."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def __call__(self, *args, **keywords):
        """As a decorator without arguments it would swallow what it decorates."""
        if len(args) == 1 and not keywords and isinstance(args[0], (types.FunctionType, type)):
            return args[0]
        return Nothing()

    def __getitem__(self, key):
        """An element; there is no end, so it is not iterable."""
        return Nothing()

    __iter__ = None

    def __mro_entries__(self, bases):
        """As a base class it adds nothing."""
        return ()


class _Module(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names):
        self.names = frozenset(names)

    def takes(self, fullname):
        """Tells whether a module is listed, or lies below one that is."""
        parts = fullname.split(".")
        prefixes = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        return not self.names.isdisjoint(prefixes)

    def find_spec(self, fullname, path=None, target=None):
        """Finds the stand-in of a listed module."""
        if not self.takes(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        """Makes the stand-in."""
        return _Module(spec.name)

    def exec_module(self, module):
        """Nothing to run."""


def install(*names):
    """Puts stand-ins in the place of packages or modules.

    A library that has imported one already, as Keras does with h5py, keeps the real one.

    Args:
        *names: Dotted names; what lies below them is absent as well.
    """
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    for name in list(sys.modules):
        if finder.takes(name):
            del sys.modules[name]
