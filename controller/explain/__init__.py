"""The compiled network in words for users, and in formats of other tools, one format a file.
Pure.
"""

from corridor.controller.explain.explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
