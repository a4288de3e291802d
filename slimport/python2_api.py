"""Names of Python 2 that Python 3 has not, as far as TF 1 code uses them."""

from __future__ import annotations

PREFIX = "python2."
# What may be one of them, or of the program or a star import: nobody can tell.
UNSURE = f"{PREFIX}unsure."

# Builtins: the name that stands for each in Python 3, None where none does alone.
NAMES: dict[str, str | None] = {
    "basestring": "str",
    "cmp": None,
    "execfile": None,
    "file": None,
    "long": "int",
    "raw_input": "input",
    "reduce": "functools.reduce",
    "unichr": "chr",
    "unicode": "str",
    "xrange": "range",
}
# Methods of dictionaries, with how many arguments each takes.
METHODS: dict[str, tuple[str, int]] = {
    "has_key": ("in", 1),
    "iteritems": ("items", 0),
    "iterkeys": ("keys", 0),
    "itervalues": ("values", 0),
    "viewitems": ("items", 0),
    "viewkeys": ("keys", 0),
    "viewvalues": ("values", 0),
}
# Modules: the name of the same one in Python 3, None where its contents went several ways.
MODULES: dict[str, str | None] = {
    "ConfigParser": None,
    "HTMLParser": None,
    "Queue": "queue",
    "StringIO": None,
    "__builtin__": "builtins",
    "cPickle": "pickle",
    "cStringIO": None,
    "commands": None,
    "copy_reg": "copyreg",
    "httplib": None,
    "thread": "_thread",
    "urllib2": None,
    "urlparse": "urllib.parse",
}


def is_python2(api: str) -> bool:
    """Whether a canonical name is Python 2's.

    >>> is_python2("python2.xrange"), is_python2("tf.range")
    (True, False)
    """
    return api.startswith(PREFIX)


def apis() -> tuple[str, ...]:
    """All canonical names of builtins and methods."""
    names = (*NAMES, *METHODS)
    return (*(PREFIX + name for name in names), f"{UNSURE}*")
