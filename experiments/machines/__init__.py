"""Kernels and whole machines: the guest kernel, Debian's kernel, an image of Debian, QEMU to
boot it.
"""
