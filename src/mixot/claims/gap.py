"""Claims C: what separates the balanced value from the likelihood.

Violations of inequalities count from zero up. The quadratic form of C7 is compared at steps of 1e-2
and 1e-3 in units of the semi-dual's conditioning, where an error of first order is to be expected.
"""

from mixot.claims.verdict import OFF_FIXED_POINT, Control, Part, Rule

_MARGINALS = "KL(pi | pihat) taken for the gap"

CLAIMS = {
    "C1": Rule(
        parts=(
            Part("gap", "OT - NLL - KL(P_OT | P*)", 1e-12, states=OFF_FIXED_POINT),
            Part("gap at other temperatures", "the same at epsilon 1/2 and 2", 1e-12),
            Part("left out", "marginal error where the reference found no plan to compare with"),
        ),
        controls=(
            Control("marginals", "gap", _MARGINALS),
            Control("marginals", "gap at other temperatures", _MARGINALS),
        ),
    ),
    "C2": Rule(
        parts=(
            Part("violation", "KL(pi | pihat) above the gap", 1e-12, states=OFF_FIXED_POINT),
            Part("gap over bound, less 1", "how far from equality"),
        ),
        controls=(Control("reversed", "violation", "the inequality reversed"),),
    ),
    "C4": Rule(
        parts=(
            Part("value", "OT at pihat less NLL - KL(pihat | pi)", 1e-12, states=OFF_FIXED_POINT),
            Part("plan", "the plan there against the E-step plan, L1", 1e-12),
        ),
        controls=(Control("at pi", "value", "transport to pi in place of pihat"),),
    ),
    "C5": Rule(
        parts=(Part("violation", "of any of the inequalities", 1e-12, states=OFF_FIXED_POINT),),
        controls=(Control("reversed", "violation", "the inequalities reversed"),),
    ),
    "C6": Rule(
        parts=(
            Part("value", "OT against NLL(w) - KL(pi | w)", 1e-12, states=OFF_FIXED_POINT),
            Part("marginal", "marginal of the E-step from w against pi, L1", 1e-12),
        ),
        controls=(
            Control("untilted", "value", "weights not tilted by the potential"),
            Control("untilted", "marginal", "weights not tilted by the potential"),
        ),
    ),
    "C7": Rule(
        parts=(
            Part("at step 1e-3", "relative error of the quadratic form", 1e-2),
            Part("at step 1e-2", "relative error of the quadratic form", 1e-1),
        ),
        controls=(Control("chi-square", "at step 1e-3", "diag(1 / pihat) in place of H^+"),),
    ),
}
