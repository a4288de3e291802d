"""Why something of Python 2 is marked, and the marks that are in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slimport.report.model import LeftAlone
from slimport.rewrite.marks import PREFIX

CODE = "SLIM361"
#: By name, as the rule lists them.
REASONS = {
    "python2.division": (
        "/ of two ints is floor division in Python 2; write // if that is meant, else float()"
    ),
    "python2.round": (
        "round() takes a half away from zero in Python 2, and to the even number in Python 3"
    ),
    "python2.map": "map() over several iterables goes on to the end of the longest in Python 2",
    "python2.exec": (
        "exec in a function sets the function's own names in Python 2, and none in Python 3"
    ),
    "python2.comprehension": (
        "the list comprehension leaves its {name} behind in Python 2, which is read later"
    ),
    "python2.import": (
        "Python 2 takes the {name} beside this file, Python 3 another or none; import it from the "
        "package, unless a script beside it imports this file"
    ),
    "python2.unequal": (
        "!= does not ask __eq__ in Python 2, and does in Python 3; write __ne__ if that is meant"
    ),
    "python2.class": (
        "a class without bases finds its methods and attributes otherwise in Python 2"
    ),
    "python2.class_names": (
        "the list comprehension sees the {name} of its class in Python 2, and not in Python 3"
    ),
    "python2.metaclass": "Python 3 does not look at this __metaclass__; write metaclass=",
    "python2.list": "{name} gives a list in Python 2, and an iterator in Python 3",
    "python2.raise": "raise E, v raises v if that is an E, and takes a tuple for the arguments",
    "python2.filter": "filter() of a text or a tuple gives one in Python 2, and a list here",
    "python2.oct": "oct(8) is '010' in Python 2, and '0o10' in Python 3",
    "python2.floor": "math.floor() and ceil() give a float in Python 2, and an int in Python 3",
    "python2.bytes": (
        "these may be bytes, which are no text in Python 3: they equal none, %s and print show "
        "b'...', and one of them is a number"
    ),
    "python2.instance": "Python 3 does not look for {name} in an object, only in its class",
    "python2.slice": "Python 2 takes slices of a {name} by itself, and Python 3 asks {method}",
    "python2.method": "Python 3 never calls {name}; write {instead}",
}
_PATTERNS = {
    api: re.compile(re.sub(r"\\{\w+\\}", r".+", re.escape(text))) for api, text in REASONS.items()
}
_ADVICE = "take the mark away when the line is right"


def marked(lines: Sequence[str]) -> Iterator[LeftAlone]:
    """What an earlier conversion marked: a file that is Python 3 by now shows it in no other way.

    Args:
        lines: of the whole file.
    """
    for number, line in enumerate(lines, 1):
        if f"{PREFIX}{CODE} " not in line:
            continue
        text, after = [line.partition(f"{CODE} ")[2]], number
        while after < len(lines) and lines[after].lstrip().startswith("#   "):
            text.append(lines[after].lstrip(" \t#"))
            after += 1
        while after < len(lines) and lines[after].lstrip().startswith("#"):
            after += 1
        reason = " ".join(" ".join(text).split())
        api = next((api for api, pattern in _PATTERNS.items() if pattern.match(reason)), "python2")
        yield LeftAlone(after + 1, api, CODE, reason, _ADVICE)
