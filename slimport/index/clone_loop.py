"""What cloned networks and their loop are told: devices, workers, folders, intervals."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from slimport.index.blocks import assigned, loaded
from slimport.index.lines import Lines, is_none, same
from slimport.index.session_configs import configuring
from slimport.index.stays import Stays
from slimport.index.summaries_kept import MERGE_ALL
from slimport.index.training import OF_LOOP
from slimport.index.workers import Synchronous, check_waiting, chief_of, server_of

# Of DeploymentConfig; the names of jobs are those of parameter servers.
OF_CONFIG = ("num_clones", "clone_on_cpu", "replica_id", "num_replicas", "num_ps_tasks")
_JOBS = ("worker_job_name", "ps_job_name")


@dataclass(frozen=True)
class Deployment:
    """How many devices and workers train.

    Attributes:
        config: The statement that makes the configuration.
        given: Its arguments, and those of waiting workers, by name.
    """

    config: ast.stmt
    given: Mapping[str, ast.expr]


def deployment(
    lines: Lines,
    config: ast.stmt,
    call: ast.Call,
    synchronous: Synchronous | None,
    loop: ast.Call,
) -> Deployment:
    """What the strategy is to be told.

    Args:
        lines: The block.
        config: The statement that makes the configuration.
        call: Its call.
        synchronous: Where workers wait for each other, if they do.
        loop: The call of slim's loop.

    Raises:
        Stays: If something in it is unknown, or known only later.
    """
    given = dict(zip(OF_CONFIG, call.args, strict=False))
    given |= {k.arg or "**": k.value for k in call.keywords}
    unknown = given.keys() - {*OF_CONFIG, *_JOBS}
    if unknown or any(isinstance(a, ast.Starred) for a in call.args):
        raise Stays(f"no strategy has a place for {min(unknown, default='*')}", call)
    found = {name: value for name, value in given.items() if name in OF_CONFIG}
    has_workers = "num_replicas" in found and not _is_constant(found["num_replicas"], 1)
    if has_workers:
        waits = {"sync_replicas": ast.Constant(False)}
        found |= synchronous.told if synchronous is not None else waits
    found |= server_of(loop)
    later = lines.block[lines.block.index(config) :]
    unknown = {n for v in found.values() for n in loaded([v])} & assigned(later)
    if unknown:
        raise Stays(f"{min(unknown)} is known after the networks are deployed", config)
    return Deployment(config, found)


def check_loop(
    lines: Lines,
    loop: ast.Call,
    deployed: Deployment,
    synchronous: Synchronous | None,
    optimizer: str,
    summary: ast.expr | None,
) -> list[ast.stmt]:
    """Raises `Stays` where slim's loop is told what fit has no place for.

    Args:
        lines: The block.
        loop: The call of the loop.
        deployed: Its devices and workers.
        synchronous: Where workers wait for each other, if they do.
        optimizer: The name of the optimizer.
        summary: The merged summary, where it is used.

    Returns:
        The statements that only configured its session.
    """
    given = {k.arg or "**": k.value for k in loop.keywords}
    unknown = given.keys() - OF_LOOP
    if unknown or len(loop.args) > 2:
        raise Stays(f"fit has no place for {min(unknown, default='its third argument')}", loop)
    told = given.get("summary_op")
    writes_all = lines.api(told) == MERGE_ALL and isinstance(told, ast.Call) and not told.args
    if not is_none(told) and told is not summary and not writes_all:
        raise Stays("the loop writes summaries of its own", told)
    replica = chief_of(loop)
    if replica is not None and not same(replica, deployed.given.get("replica_id")):
        raise Stays("the loop's chief is not worker 0", given["is_chief"])
    check_waiting(loop, optimizer, synchronous)
    return configuring(given.get("session_config"), lines)


def _is_constant(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value
