"""Old weights into Keras models, and back.

`sources` reads what TensorFlow 1 wrote, `roles` says what each variable is for, `pairing` puts the
variables of a file and of a model together, `conversion` moves the values one by one.
"""
