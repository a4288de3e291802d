"""Old weights into Keras models, and back.

`sources` reads what TensorFlow 1 wrote, `roles` says what each variable is for, `blueprint` makes
the model, `pairing` puts the variables of a file and of a model together, `conversion` moves the
values one by one, `writing` and `from_keras` write files, `check` runs old and new on one image.
"""
