"""Faults in normalizers and regularizers."""

from slimport.verify.result import Status
from tests.verify.planted.fault import ROWS, Fault

FAULTS = {
    "epsilon": Fault(
        "another epsilon of batch norm, in the defaults", "blocks:residual",
        r"epsilon=1e-5", "epsilon=1e-2",
        "output", "output", 'scope="preact"', defaults=True,
    ),
    "epsilon_of_keras": Fault(
        "Keras' epsilon in what is handed to the normalizer", "stacks:normalised",
        r'"epsilon": 0\.002', '"epsilon": 0.001',
        "output", "output", "[3, 3])", defaults=True,
        quick=False,
    ),
    "momentum": Fault(
        "Keras' momentum of batch norm, in the defaults", "blocks:dense",
        r"scale=True, momentum=0\.9\)", "scale=True, momentum=0.99)",
        "update", "layer0/norm/moving_mean", 'scope="norm"',
        mode="training", alone=True, defaults=True,
    ),
    "statistics_stand_still": Fault(
        "moving statistics that are not updated", "others:denoised",
        r"momentum=0\.99,", "momentum=1.0,",
        "update", "bn2/moving_mean", "decay=0.99", mode="training", alone=True,
        quick=False,
    ),
    "gamma_lost": Fault(
        "gamma lost", "stacks:normalised",
        r"scale=True, is_training=is_training, name=\"last\"",
        'is_training=is_training, name="last"',
        "variable", "last/gamma", 'scope="last"', Status.MISSING,
        quick=False,
    ),
    "beta_kept": Fault(
        "beta where there is none", "others:dense_norm",
        r"is_training=is_training, center=False, ", "is_training=is_training, ",
        "variable", "unfused/beta", 'scope="unfused"', Status.EXTRA, inputs=ROWS,
        quick=False,
    ),
    "inference_while_training": Fault(
        "batch norm in inference while the network trains", "stacks:normalised",
        r'scale=True, is_training=is_training, name="last"',
        'scale=True, is_training=False, name="last"',
        "output", "output", 'scope="last"', mode="training",
        quick=False,
    ),
    "bias_under_normalizer": Fault(
        "a bias under batch norm, in a layer of Keras", "others:generator",
        r'use_bias=False,(\s+name="up1")', r"\1",
        "variable", "up1/biases", 'scope="up1"', Status.EXTRA, inputs=ROWS,
    ),
    "normalizer_after_activation": Fault(
        "batch norm behind the activation", "stacks:inverted",
        r'wide = conv2d\(net, 24, 1, name="expand"\)',
        'wide = batch_norm(conv2d(net, 24, 1, normalizer=None, bias_initializer=None, '
        'name="expand"), name="expand/BatchNorm", scale=True, is_training=is_training)',
        "output", "output", 'scope="expand"', quick=False,
    ),
    "groups": Fault(
        "another number of groups", "others:group_normed",
        r"groups=4", "groups=2",
        "output", "output", "group_norm",
        quick=False,
    ),
    "instance_epsilon": Fault(
        "a larger epsilon of instance norm", "others:styled",
        r"\[conv2d\], normalizer=instance_norm,",
        '[conv2d], normalizer=instance_norm, normalizer_params={"epsilon": 1e-2},',
        "output", "output", 'scope="conv1"', defaults=True, quick=False,
    ),
    "l2_doubled": Fault(
        "an L2 factor doubled, in the defaults", "stacks:normalised",
        r"L2\(0\.5 \* weight_decay\)", "L2(weight_decay)",
        "regularisation", "Conv/weights", "[3, 3])",
        mode="training", alone=True, defaults=True,
    ),
    "l2_lost": Fault(
        "the regularizer of the defaults lost in one layer", "stacks:separable",
        r'conv2d\(net, 12, 1, name="pw1"\)',
        'conv2d(net, 12, 1, kernel_regularizer=None, name="pw1")',
        "regularisation", "pw1/weights", 'scope="pw1"', Status.MISSING,
        mode="training", alone=True,
        quick=False,
    ),
    "l1_became_l2": Fault(
        "L2 for L1", "others:dense_norm",
        r"L1L2\(l1=0\.001\)", "L1L2(l2=0.001)",
        "regularisation", "fc1/weights", 'scope="fc1"',
        mode="training", alone=True, defaults=True, inputs=ROWS,
        quick=False,
    ),
    "bias_regularised": Fault(
        "a regularizer of the biases, too", "stacks:repeated",
        r"(kernel_regularizer=keras\.regularizers\.L2\(0\.5 \* 0\.0005\)),",
        r"\1, bias_regularizer=keras.regularizers.L2(0.5 * 0.0005),",
        "regularisation", "conv1/conv1_1/biases", 'scope="conv1"', Status.EXTRA,
        mode="training", alone=True, defaults=True,
        quick=False,
    ),
    "scope_regularizer_doubled": Fault(
        "an L2 factor doubled, in the scope of moving averages", "stacks:penalised",
        r"L2\(0\.5 \* 0\.01\)", "L2(0.01)",
        "regularisation", "fixed/weights", 'scope="fixed"',
        mode="training", alone=True, around=True,
        quick=False,
    ),
}  # fmt: skip
