"""Whole machines with a separate kernel: Debian images, and QEMU to boot them."""
