"""Why a demand takes the path it takes, or none, for people. Pure."""

from corridor.controller.explain.explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
