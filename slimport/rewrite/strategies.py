"""Devices and workers that a script tells its graph become those of a strategy."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from slimport.index.training import Training
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import arguments, call_in, keyword, on_one_line

_OF_LOOP = ("train_op", "logdir")


def clone_strategy(
    training: Training,
    services: FileServices,
    new: Mapping[int, cst.BaseStatement],
    config: Mapping[str, cst.BaseExpression],
) -> cst.Call:
    """``clone_strategy(num_clones=2, replica_id=FLAGS.task)``

    Args:
        training: the block.
        services: the file, for the name in the written module.
        new: the statements of the block, by the ids of the old ones.
        config: what `DeploymentConfig` was told, by name.
    """
    given = dict(config)
    loop = arguments(call_in(new[id(training.loop)]), _OF_LOOP)
    chief = loop.get("is_chief")
    if isinstance(chief, cst.Comparison):
        given.setdefault("replica_id", chief.left)
    synchronous = training.synchronous
    if synchronous is not None:
        waiting = new[id(synchronous.statement)]
        if isinstance(waiting, cst.If):
            given["sync_replicas"] = waiting.test
            assert isinstance(waiting.body, cst.IndentedBlock)
            waiting = waiting.body.body[0]
        told = arguments(call_in(waiting), ())
        given |= told
        if "total_num_replicas" in told:
            given.setdefault("num_replicas", told["total_num_replicas"])
    given |= loop
    made = [keyword(name, given.get(name, cst.Name("False"))) for name in training.workers]
    return on_lines(cst.Call(services.written("clone_strategy"), on_one_line(made)))
