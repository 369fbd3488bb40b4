"""System calls and processes of agents. Standard library only. An edge."""
