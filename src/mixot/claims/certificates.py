"""Claims N: duals and certificates.

Values are sums like those of A1 and C1 and differ by as much, 1e-13 and 1e-12 of max(1, |value|).
Potentials are logarithms of sums and good to a few units of the costs, as are the root finds.
Violations of inequalities count from zero up; a minimum over weights that is certified to round-off
stands on the right of N3. A projected distance extrapolates a rate that is still settling, and a
tenth is allowed for that.
"""

from mixot.claims.verdict import Control, Part, Rule

_REVERSED = "the inequality reversed"
_HARD = "the smallest cost taken for the potential"
_ENTROPY = "the plan's entropy in place of KL(. | a x pi)"

CLAIMS = {
    "N1": Rule(
        parts=(
            Part("value", "dual value at the library's f against the likelihood", 1e-13),
            Part("potential", "the library's f against a root find a sample", 1e-12),
            Part("bound", "dual value above the likelihood, away from the optimum", 1e-13),
            Part("loss", "what another f falls short by, against the formula", 1e-12),
        ),
        controls=(
            Control("smallest cost", "value", _HARD),
            Control("smallest cost", "potential", _HARD),
            Control("reversed", "bound", _REVERSED),
            Control("second order", "loss", "the quadratic part of the formula alone"),
        ),
    ),
    "N2": Rule(
        parts=(
            Part("at zero", "semi-dual at g = 0 against the likelihood", 1e-13),
            Part("at the optimum", "semi-dual at the library's g against a primal value", 1e-12),
            Part("semi-dual", "at other g, against the reference's dual", 1e-12),
            Part("bound", "semi-dual above the balanced value", 1e-12),
            Part("bracket", "the balanced value outside that of an unfinished solve", 1e-12),
        ),
        controls=(
            Control("entropy", "at zero", _ENTROPY),
            Control("entropy", "semi-dual", _ENTROPY),
            Control("g = 0", "at the optimum", "the likelihood in place of the optimum"),
            Control("reversed", "bound", _REVERSED),
            Control("plan as it stands", "bracket", "the objective of a plan that is not balanced"),
        ),
    ),
    "N3": Rule(
        parts=(
            Part("below", "KL(pihat | pi) above the sub-optimality", 1e-12),
            Part("above", "the sub-optimality above log max D", 1e-12),
            Part("without the logarithm", "log max D above max D - 1", 1e-13),
            Part("ends", "both bounds by the library's E-step against the reference's", 1e-12),
            Part("solver's gap", "the sub-optimality above the solver's certificate", 1e-12),
            Part("solver's gap recomputed", "that certificate against log max D", 1e-12),
        ),
        controls=(
            Control("reversed", "below", _REVERSED),
            Control("reversed", "above", _REVERSED),
            Control("heaviest component", "above", "D of the heaviest component for the largest"),
            Control("reversed", "without the logarithm", _REVERSED),
            Control("KL(pi | pihat)", "ends", "the arguments of the lower end exchanged"),
            Control("a tenth", "solver's gap", "a tenth of the certificate"),
            Control("objective's distance", "solver's gap recomputed", "the actual distance"),
        ),
    ),
    "N6": Rule(
        parts=(
            Part("distance over tolerance", "where the library's rule ends a fit", 1.1),
            Part("objective left over last decrease", "where a rule on decreases ends it"),
            Part("predicted from the rate", "rho^2 / (1 - rho^2)"),
            Part("distance left over last step", "there too"),
            Part("predicted distance over step", "rho / (1 - rho)"),
        ),
        controls=(
            Control("last decrease", "distance over tolerance", "a decrease of tol^2 as the rule"),
        ),
    ),
}
