"""Faults in initial values, which shared weights would hide."""

from tests.verify.planted.fault import ROWS, Fault

FAULTS = {
    "stddev": Fault(
        "another deviation of an initializer", "others:generator",
        r"(4 \* 4 \* 8,\n\s+kernel_initializer=keras\.initializers\.TruncatedNormal\()"
        r"stddev=0\.02",
        r"\1stddev=0.025",
        "initial", "fc/weights", 'scope="fc"', inputs=ROWS, alone=True,
    ),
    "not_truncated": Fault(
        "a normal distribution for a truncated one", "others:generator",
        r"(4 \* 4 \* 8,\n\s+kernel_initializer=keras\.initializers\.)TruncatedNormal\(stddev=0\.02",
        r"\1RandomNormal(stddev=0.0176",
        "initial", "fc/weights", 'scope="fc"', inputs=ROWS, alone=True, quick=False,
    ),
    "initializer_of_keras": Fault(
        "Keras' initializer for slim's, in the defaults", "blocks:residual",
        r"kernel_initializer=variance_scaling_initializer\(\)",
        'kernel_initializer="glorot_uniform"',
        "initial", "root/weights", 'scope="root"', defaults=True, alone=True,
        quick=False,
    ),
    "bias_of_zeros": Fault(
        "biases that begin at zero", "blocks:gated",
        r"bias_initializer=keras\.initializers\.Constant\(-1\.0\),\s+", "",
        "initial", "highway/gate/biases", 'scope="gate"', alone=True,
        quick=False,
    ),
    "range": Fault(
        "another range of a table's initial values", "others:words",
        r"RandomUniform\(-1, 1\)", "RandomUniform(-0.9, 0.9)",
        "initial", "table", "get_variable", inputs=((2, 9),), whole=((0, 20),), alone=True,
        quick=False,
    ),
}  # fmt: skip
