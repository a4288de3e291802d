"""Entry of AlphaSoccer: blocks of its policies, which mix slim with `tf.layers`.

Runs under CPython 3.7.
"""

from alphasoccer.actor_critic import policy_network


def blocks(boards):
    """Calls a residual block of slim, and two of the other kind behind it.

    Args:
        boards: float32 [batch, height, width, 8].

    Returns:
        What comes out of either kind.
    """
    net = policy_network.res_block(boards, "block", None, False, 8)
    return net, policy_network._block_layer(net, 8, 2, "layer")
