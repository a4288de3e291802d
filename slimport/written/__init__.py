"""The parts of the module that a rewrite puts into the user's tree.

Each module here is a part: plain Python on Keras and TensorFlow that imports nothing else but other
parts. `slimport.written.assemble` joins the definitions that a tree needs into one file. Importing
this package imports no part, and so neither Keras nor TensorFlow.
"""
