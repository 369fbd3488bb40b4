"""Why a demand takes the path it takes, or none, for people. Pure."""

from controller.explain.explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
