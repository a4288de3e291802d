"""Workers of a distributed program: which one runs, and whether they wait for each other."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from slimport.index.blocks import call_of
from slimport.index.lines import Lines, is_name, is_none, same
from slimport.index.stays import Stays

SYNCHRONOUS = "tf.train.SyncReplicasOptimizer"
_OF_SYNCHRONOUS = frozenset(
    """
    opt replicas_to_aggregate total_num_replicas variable_averages variables_to_average replica_id
    use_locking name
    """.split()
)


@dataclass(frozen=True)
class Synchronous:
    """Where the gradients of several workers are awaited.

    Attributes:
        statement: The statement that does it.
        call: The call that wraps the optimizer.
        test: What it depends on, if anything.
    """

    statement: ast.stmt
    call: ast.Call
    test: ast.expr | None

    @property
    def given(self) -> Mapping[str, ast.expr]:
        """What the optimizer is told, by name."""
        return {k.arg or "**": k.value for k in self.call.keywords}

    @property
    def told(self) -> dict[str, ast.expr]:
        """What of it a strategy is told."""
        found = {} if self.test is None else {"sync_replicas": self.test}
        if "replicas_to_aggregate" in self.given:
            found["replicas_to_aggregate"] = self.given["replicas_to_aggregate"]
        return found


def synchronous_of(lines: Lines, optimizer: str) -> Synchronous | None:
    """``if FLAGS.sync: optimizer = tf.train.SyncReplicasOptimizer(opt=optimizer, ...)``

    Raises:
        Stays: If it wraps another optimizer, or in another way.
    """
    for statement in lines.assigning(optimizer):
        test = statement.test if isinstance(statement, ast.If) else None
        inner = statement.body[0] if isinstance(statement, ast.If) else statement
        call = call_of(inner)
        if call is None or lines.api(call) != SYNCHRONOUS:
            continue
        found = Synchronous(statement, call, test)
        if call.args or not found.given.keys() <= _OF_SYNCHRONOUS:
            raise Stays("workers are awaited in another way", call)
        if not is_name(found.given.get("opt"), optimizer):
            raise Stays("workers are awaited by another optimizer", call)
        return found
    return None


def server_of(loop: ast.Call) -> dict[str, ast.expr]:
    """The address of the server that a loop is told, if it may be one.

    Raises:
        Stays: If it is one.
    """
    master = next((k.value for k in loop.keywords if k.arg == "master"), None)
    if master is None or (isinstance(master, ast.Constant) and not master.value):
        return {}
    if isinstance(master, ast.Constant):
        raise Stays("the loop trains on a server", master)
    return {"master": master}


def chief_of(loop: ast.Call) -> ast.expr | None:
    """The number of the worker, of which a loop is told whether it is 0; None where it always is.

    Raises:
        Stays: If the loop is told anything else.
    """
    given = next((k.value for k in loop.keywords if k.arg == "is_chief"), None)
    match given:
        case None | ast.Constant(True):
            return None
        case ast.Compare(left, [ast.Eq()], [ast.Constant(0)]):
            return left
    raise Stays("the loop's chief is not worker 0", given)


def check_waiting(loop: ast.Call, optimizer: str | None, synchronous: Synchronous | None) -> None:
    """Raises `Stays` where a loop does not wait for those workers that the optimizer waits for."""
    given = next((k.value for k in loop.keywords if k.arg == "sync_optimizer"), None)
    if is_none(given) and synchronous is None:
        return
    match given:
        case ast.IfExp(test, body, orelse) if synchronous is not None and optimizer is not None:
            if same(test, synchronous.test) and is_name(body, optimizer) and is_none(orelse):
                return
        case ast.Name(name) if synchronous is not None and synchronous.test is None:
            if name == optimizer:
                return
    raise Stays("the loop waits in another way", given)
