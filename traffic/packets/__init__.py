"""Frames and the headers in them, as octets. Pure but for the process that runs Scapy."""
