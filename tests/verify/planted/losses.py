"""Faults in losses. Those of a training loop are in `test_training_cases`."""

from tests.verify.planted.fault import Fault

LABELLED = ((4, 12, 12, 3), (4,))

FAULTS = {
    "label_smoothing": Fault(
        "label smoothing lost", "others:losses",
        r", label_smoothing=0\.1", "",
        "output", "softmax", "label_smoothing", inputs=LABELLED, whole=((1, 3),),
        quick=False,
    ),
    "loss_weight": Fault(
        "the weight of a loss lost", "others:losses",
        r", weights=0\.7", "",
        "output", "sparse", "weights=0.7", inputs=LABELLED, whole=((1, 3),),
        quick=False,
    ),
    "loss_reduction": Fault(
        "a sum for a mean", "others:losses",
        r"mean_squared_error\(onehot, tf\.nn\.softmax\(logits\)",
        r"\g<0>, reduction=tf.compat.v1.losses.Reduction.SUM",
        "output", "mean", "mean_squared_error", inputs=LABELLED, whole=((1, 3),),
    ),
    "loss_over_all": Fault(
        "a mean over all examples, those without weight included", "others:losses",
        r"(huber_loss\(onehot, logits, weights=.*\[:, None\])",
        r"\1, reduction=tf.compat.v1.losses.Reduction.MEAN",
        "output", "huber", "huber_loss", inputs=LABELLED, whole=((1, 3),),
        quick=False,
    ),
    "one_hot_shifted": Fault(
        "classes that are one off", "others:losses",
        r"one_hot_encoding\(labels, 3\)", "one_hot_encoding((labels + 1) % 3, 3)",
        "output", "softmax", "one_hot", inputs=LABELLED, whole=((1, 3),),
        quick=False,
    ),
}  # fmt: skip
