"""APIs that read through queues, which work in a graph with a session alone."""

QUEUES = (
    "slim.dataset_data_provider.DatasetDataProvider", "slim.parallel_reader.parallel_read",
    "slim.parallel_reader.single_pass_read", "slim.prefetch_queue.prefetch_queue", "slim.queues.",
    "tf.train.batch", "tf.train.batch_join", "tf.train.input_producer", "tf.train.limit_epochs",
    "tf.train.maybe_batch", "tf.train.maybe_shuffle_batch", "tf.train.range_input_producer",
    "tf.train.shuffle_batch", "tf.train.shuffle_batch_join", "tf.train.slice_input_producer",
    "tf.train.start_queue_runners", "tf.train.string_input_producer",
)  # fmt: skip
