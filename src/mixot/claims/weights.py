"""Claims B: one minimum over the weights.

Stationarity is |pi D - pi| at the library's weights, the reference's measure of the projected
gradient. The argmin is reported only: it is known to the square root of value error over curvature.
"""

from mixot.claims.verdict import OFF_FIXED_POINT, Control, Part, Rule

CLAIMS = {
    "B1": Rule(
        parts=(
            Part(
                "minimum value",
                "min over pi of OT against min over pi of NLL",
                1e-11,
                states=OFF_FIXED_POINT,
            ),
            Part("stationarity", "projected gradient at the weights found", 1e-10),
            Part("argmin", "difference of the two minimisers"),
        ),
        controls=(
            Control("fixed weights", "minimum value", "weights left where they were"),
            Control("entropy", "minimum value", "the plan's entropy in place of KL(. | a x pi)"),
        ),
    ),
}
