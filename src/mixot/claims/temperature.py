"""Claims F: what the temperature does to the objective.

Values are sums of n terms like those of A1, and differ from the reference's by as much.
"""

from mixot.claims.verdict import Control, Part, Rule

CLAIMS = {
    "F4": Rule(
        parts=(Part("value", "L_eps(2 sigma^2) against the likelihood", 1e-12),),
        controls=(Control("half the temperature", "value", "epsilon = sigma^2"),),
    ),
}
