"""Claims E: gradients are averages under the right plan.

Five-point differences on the library's side leave about 1e-10 of the value. E3 asks that the two
gradients differ by a hundred times the bound of E2 in some state of every problem and seed.
"""

from mixot.claims.verdict import OFF_FIXED_POINT, Control, Part, Rule

CLAIMS = {
    "E1": Rule(
        parts=(Part("slope", "slope of NLL against <P*, dC>", 1e-9, states=OFF_FIXED_POINT),),
        controls=(Control("balanced plan", "slope", "P_OT in place of P*"),),
    ),
    "E2": Rule(
        parts=(Part("slope", "slope of OT against <P_OT, dC>", 1e-8, states=OFF_FIXED_POINT),),
        controls=(Control("E-step plan", "slope", "P* in place of P_OT"),),
    ),
    "E3": Rule(
        parts=(
            Part(
                "difference of slopes",
                "slope of OT against <P*, dC>",
                1e-6,
                at_least=True,
                states=OFF_FIXED_POINT,
            ),
        ),
    ),
    "E4": Rule(
        parts=(
            Part(
                "slope",
                "slope of OT at stationary weights against <P*, dC>",
                1e-9,
                states=OFF_FIXED_POINT,
            ),
        ),
        controls=(Control("fixed weights", "slope", "weights that are not stationary"),),
    ),
    "E5": Rule(
        parts=(
            Part("slope of the likelihood", "against -pihat / pi", 1e-8, states=OFF_FIXED_POINT),
            Part("slope of the balanced value", "against g", 1e-8, states=OFF_FIXED_POINT),
            Part("potential", "the library's g against the reference's", 1e-8),
        ),
        controls=(
            Control("other slope", "slope of the likelihood", "g in place of -pihat / pi"),
            Control("other slope", "slope of the balanced value", "-pihat / pi in place of g"),
        ),
    ),
}
