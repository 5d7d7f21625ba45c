"""Claims M: every family, and a wrong one.

Bounds are those of the identities on Gaussians, where log-densities by another formula allow it:
SciPy's differ from the library's by round-off of their largest parts, of the order of a hundred, so
that values and plans agree to 1e-12. Iterates follow M-steps by root finds, which are good to a few
units of the roots and grow along the iterations as in D1. The population's minimiser is where
Newton's steps have become round-off, and a fit ends at 1e-10 of its limit.
"""

from mixot.claims.verdict import Control, Part, Rule

_WARM = "temperature 1.01 in place of 1"
_MARGINALS = "KL(pi | pihat) taken for the gap"
_NO_WEIGHTS = "the balance without the term of the weights"
_AT_PI = "transport to pi in place of pihat"
_OTHER = "the other one of the two plans"

CLAIMS = {
    "M": Rule(
        parts=(
            Part("A1 value", "semi-relaxed value and likelihood against the reference's", 1e-12),
            Part("A1 POT", "plan and value against POT", 1e-12),
            Part("A2 random plan", "F - NLL - KL(P | P*)", 1e-12),
            Part("B1 minimum", "min over pi of OT against min over pi of NLL", 1e-11),
            Part("C1 gap", "OT - NLL - KL(P_OT | P*)", 1e-12),
            Part("C4 value", "OT at pihat less NLL - KL(pihat | pi)", 1e-12),
            Part("C4 plan", "the plan there against the E-step plan, L1", 1e-12),
            Part("D1 iterates", "against EM by root finding, and scikit-learn", 1e-9),
            Part("D2 balance", "drop less three divergences, exponential families", 1e-11),
            Part("D2 expected costs", "drop less two and the expected costs, scales", 1e-11),
            Part("D2 two parts", "those costs by the complete laws and the scales'", 1e-11),
            Part("D2 terms", "the library's three terms against the reference's", 1e-11),
            Part("D3 rise", "largest increase along a fit", 1e-13),
            Part("E1 slope", "slope of NLL against <P*, dC>", 1e-9),
            Part("E2 slope", "slope of OT against <P_OT, dC>", 1e-8),
        ),
        controls=(
            Control("epsilon 1.01", "A1 value", _WARM),
            Control("uniform weights", "A1 POT", "the E-step plan of uniform weights"),
            Control("epsilon 1.01", "A2 random plan", _WARM),
            Control("fixed weights", "B1 minimum", "weights left where they were"),
            Control("marginals", "C1 gap", _MARGINALS),
            Control("at pi", "C4 value", _AT_PI),
            Control("at pi", "C4 plan", _AT_PI),
            Control("equal sample weights", "D1 iterates", "EM of the unweighted sample"),
            Control("no weights term", "D2 balance", _NO_WEIGHTS),
            Control("no weights term", "D2 expected costs", _NO_WEIGHTS),
            Control("complete laws alone", "D2 two parts", "without the laws of the scales"),
            Control("scales of mean 1", "D2 two parts", "the divergence of the complete laws"),
            Control("in another order", "D2 terms", "the terms exchanged"),
            Control("backwards", "D3 rise", "the fit run backwards"),
            Control("the other plan", "E1 slope", _OTHER),
            Control("the other plan", "E2 slope", _OTHER),
        ),
    ),
    "M2": Rule(
        parts=(
            Part("A1 value", "semi-relaxed value against the likelihood", 1e-13),
            Part("C1 gap", "OT - NLL - KL(P_OT | P*)", 1e-12),
            Part("D2 balance", "drop less the three terms", 1e-11),
            Part("D3 rise", "largest increase along a fit", 1e-13),
            Part("pseudo-true value", "fit to the population against Newton's method", 1e-7),
            Part("bias against the truth, in standard errors", "largest over sizes"),
            Part("bias against the pseudo-true value, in standard errors", "largest over sizes"),
            Part("bias of the right family, in standard errors", "largest over sizes"),
            Part(
                "missing coverage of the pseudo-true value, by the model's information",
                "0.95 less the share covered, largest over sizes",
            ),
            Part(
                "missing coverage of the pseudo-true value, by the sandwich",
                "0.95 less the share covered, largest over sizes",
            ),
            Part(
                "missing coverage of the truth, by the model's information",
                "0.95 less the share covered, largest over sizes",
            ),
            Part(
                "coverage by the model's information, against its prediction",
                "at the largest size",
            ),
        ),
        controls=(
            Control("epsilon 1.01", "A1 value", _WARM),
            Control("marginals", "C1 gap", _MARGINALS),
            Control("no weights term", "D2 balance", _NO_WEIGHTS),
            Control("backwards", "D3 rise", "the fit run backwards"),
            Control("the truth", "pseudo-true value", "the clusters' own parameters"),
        ),
    ),
}
