"""Templates: functions whose calls share one set of variables."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

from slimport.written.collections import global_variables, trainable_variables
from slimport.written.graphs import LayerGraph, current_layer_graph
from slimport.written.scopes import variable_scope

__all__ = ["make_template"]


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Any = None,
    **kwargs: Any,
) -> Template:
    """Makes a function whose first call creates layers and variables, which later calls share.

    Args:
        name_: Name of its variable scope, made unique where the scope is opened: at the first call.
        func_: What each call runs inside that scope.
        create_scope_now_: Whether the name is made unique here and now.
        unique_name_: A name that is taken as it is, in place of `name_`.
        custom_getter_: `None`: layers make their own variables, and let nobody exchange them.
        **kwargs: Further arguments of `func_`.

    Raises:
        ValueError: If there is no name, or a custom getter.
    """
    if custom_getter_ is not None:
        raise ValueError("a template of layers has no custom getter")
    if name_ is None:
        raise ValueError("name cannot be None.")
    function = functools.partial(func_, **kwargs) if kwargs else func_
    return Template(name_, function, create_scope_now_, unique_name_)


class Template:
    """A function with a variable scope of its own; `make_template` makes one.

    Attributes:
        name: The name that was given for the scope.
        var_scope: The scope, or `None` before it is opened.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        create_scope_now: bool = False,
        unique_name: str | None = None,
    ) -> None:
        self.name = name
        self.var_scope: Any = None
        self._function, self._unique_name = function, unique_name
        # Another model has variables of its own.
        self._created_in: weakref.WeakSet[LayerGraph] = weakref.WeakSet()
        if create_scope_now:
            with variable_scope(unique_name, name, auxiliary_name_scope=False) as self.var_scope:
                pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function; from the second time on with the variables of the first."""
        graph = current_layer_graph()
        if self.var_scope is None:
            opened = variable_scope(self._unique_name, self.name)
        else:
            opened = variable_scope(self.var_scope, reuse=graph in self._created_in or None)
        with opened as scope:
            self.var_scope = self.var_scope or scope
            result = self._function(*args, **kwargs)
        self._created_in.add(graph)
        return result

    @property
    def variable_scope_name(self) -> str:
        """The path of the scope with a closing slash; empty before it is opened."""
        name = self.var_scope.name if self.var_scope is not None else ""
        return f"{name}/" if name else ""

    @property
    def variables(self) -> list[Any]:
        """The variables below the scope."""
        return global_variables(self.variable_scope_name)

    @property
    def trainable_variables(self) -> list[Any]:
        """Those of them that are trained."""
        return trainable_variables(self.variable_scope_name)
