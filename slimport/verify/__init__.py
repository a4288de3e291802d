"""Proof on numbers: legacy TF-Slim code and its migrated form run side by side and are compared.

The public entry is :func:`slimport.verify.run.verify`. Nothing is imported here, so that the two
worker scripts can use their siblings from an interpreter that has none of slimport's dependencies.
"""
