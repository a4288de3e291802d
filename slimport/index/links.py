"""Calls that Python resolves when the program runs: which methods of a name they may lead to.

``x.predict()`` on an object of unknown class may mean every `predict` of the program. Written out,
pair by pair, that is the product of all calls and all methods of a name; kept are the names that a
function calls, and the functions of a name, and pairs are made where somebody asks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slimport.index.modules import Module
    from slimport.index.program import Function

#: A group of files that imports connect, and a name.
Meeting = tuple[int, str]


class Links:
    """Who may call whom, beside the calls that the index resolves.

    Args:
        connected: the files that share a program with one, itself included; one object for all of
            a group.
    """

    def __init__(self, connected: Callable[[Module], set[Module]]) -> None:
        self._connected = connected
        self._names: dict[Function, dict[str, list[ast.Call]]] = {}
        self._callers: dict[Meeting, dict[Function, None]] = {}
        self._targets: dict[Meeting, dict[Function, None]] = {}
        self._meant_by: dict[Function, list[str]] = {}
        self._direct: dict[Function, dict[Function, list[ast.Call]]] = {}
        self._unseen: dict[Function, set[Function]] = {}
        self._unseen_callers: dict[Function, set[Function]] = {}

    def _at(self, function: Function, name: str) -> Meeting:
        return id(self._connected(function.module)), name

    # What is known ----------------------------------------------------------------------------

    def add_target(self, name: str, function: Function) -> None:
        """A function that calls of this name may lead to."""
        self._targets.setdefault(self._at(function, name), {})[function] = None
        self._meant_by.setdefault(function, []).append(name)

    def add_call(self, caller: Function, names: Iterable[str], call: ast.Call) -> None:
        """A call that may lead to whatever has one of these names."""
        for name in names:
            meeting = self._at(caller, name)
            if meeting in self._targets:
                self._callers.setdefault(meeting, {})[caller] = None
                self._names.setdefault(caller, {}).setdefault(name, []).append(call)

    def add_direct(self, caller: Function, callee: Function, call: ast.Call) -> None:
        """A call that leads to this function and no other."""
        self._direct.setdefault(callee, {}).setdefault(caller, []).append(call)

    def add_unseen(self, caller: Function, callees: Collection[Function]) -> None:
        """Code that may run functions without naming them."""
        self._unseen.setdefault(caller, set()).update(callees)
        for callee in callees:
            self._unseen_callers.setdefault(callee, set()).add(caller)

    # What is asked ----------------------------------------------------------------------------

    def callees(self, caller: Function) -> set[Function]:
        """The functions that one may call."""
        found = set(self._unseen.get(caller, ()))
        for name in self._names.get(caller, ()):
            found.update(self._targets[self._at(caller, name)])
        return found

    def callers(self, callee: Function) -> set[Function]:
        """The functions that may call one."""
        found = set(self._unseen_callers.get(callee, ()))
        for name in self._meant_by.get(callee, ()):
            found.update(self._callers.get(self._at(callee, name), ()))
        return found

    def calls(self, caller: Function, callee: Function) -> list[ast.Call]:
        """The calls in one function that lead, or may lead, to another, in order."""
        direct = self._direct.get(callee, {}).get(caller, [])
        names = self._names.get(caller, {})
        if self._connected(caller.module) is not self._connected(callee.module):
            return direct
        by_name = [names.get(name, []) for name in self._meant_by.get(callee, ())]
        if not any(by_name):
            return direct
        found = {id(call): call for calls in (direct, *by_name) for call in calls}
        return [call for call in caller.calls if id(call) in found]

    def direct_calls(self, callee: Function) -> Iterator[tuple[Function, ast.Call]]:
        """The calls that lead to a function and no other, each with the function it stands in."""
        for caller, calls in self._direct.get(callee, {}).items():
            yield from ((caller, call) for call in calls)

    def meetings(self, callee: Function) -> list[Meeting]:
        """Where calls by name may lead to a function."""
        return [self._at(callee, name) for name in self._meant_by.get(callee, ())]

    def calls_at(self, meeting: Meeting) -> Iterator[tuple[Function, ast.Call]]:
        """All calls by a name, which may lead to every function of that name."""
        for caller in self._callers.get(meeting, ()):
            yield from ((caller, call) for call in self._names[caller][meeting[1]])

    def reached(self, start: Iterable[Function], up: bool) -> set[Function]:
        """The functions that call these, directly or not, or may; or that they call, if not up.

        A name is passed once, however many calls and functions meet in it.
        """
        reached: set[Function] = set()
        passed: set[Meeting] = set()
        pending = list(start)
        while pending:
            function = pending.pop()
            if function not in reached:
                reached.add(function)
                pending.extend(self.step(function, up, passed))
        return reached

    def step(self, function: Function, up: bool, passed: set[Meeting]) -> list[Function]:
        """Who calls a function, or may, or what it calls; nothing by names that were passed."""
        unseen = self._unseen_callers if up else self._unseen
        names: Iterable[str] = (self._meant_by if up else self._names).get(function, ())
        others = self._callers if up else self._targets
        found = [*(function.callers if up else function.callees), *unseen.get(function, ())]
        for name in names:
            meeting = self._at(function, name)
            if meeting not in passed:
                passed.add(meeting)
                found += others.get(meeting, ())
        return found
