"""Entry of ENet, a file of Python 2: its `xrange` is given to it, on both sides.

Runs under CPython 3.7.
"""

import enet

enet.xrange = range

ENet = enet.ENet
ENet_arg_scope = enet.ENet_arg_scope
