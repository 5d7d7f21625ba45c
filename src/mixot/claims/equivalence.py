"""Claims A: the semi-relaxed problem is the likelihood.

Values are compared over max(1, |value|), plans in L1. The bounds on plans found by root finds and
by POT allow for round-off of the costs, u |C|, in their exponents; a search by values alone finds
the plan to the square root of its error.
"""

from mixot.claims.verdict import OFF_FIXED_POINT, Control, Part, Rule

_WARM = "temperature 1.01 in place of 1"

CLAIMS = {
    "A1": Rule(
        parts=(
            Part(
                "value",
                "minimum of the semi-relaxed problem against the likelihood",
                1e-13,
                states=OFF_FIXED_POINT,
            ),
            Part("F at the E-step plan", "F at the E-step plan against the likelihood", 1e-13),
            Part("likelihood", "the library's likelihood against the reference's", 1e-13),
            Part("dual value", "against the dual, by a root find per sample", 1e-13),
            Part("dual plan", "plan of the root finds", 1e-12),
            Part("POT value", "against POT", 1e-13),
            Part("POT plan", "plan of POT", 1e-12),
            Part("blind value", "against a search that knows only F", 1e-8),
            Part("blind plan", "plan of that search", 1e-4),
        ),
        controls=(Control("epsilon 1.01", "value", _WARM),),
    ),
    "A2": Rule(
        parts=(
            Part(
                "random plan",
                "F - NLL - KL(P | P*), random plan",
                1e-13,
                states=OFF_FIXED_POINT,
            ),
            Part("balanced plan", "F - NLL - KL(P | P*), balanced plan", 1e-13),
        ),
        controls=(
            Control("epsilon 1.01", "random plan", _WARM),
            Control("epsilon 1.01", "balanced plan", _WARM),
        ),
    ),
}
