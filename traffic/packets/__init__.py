"""Frames and their headers as octets; the process that runs Scapy; system calls of agents."""
