"""Claims H, N4, N5, O and Q: what is known about the other optima, and what breaks.

The slope of an iteration is a difference of five points at a distance of 2e-3, whose truncation
and rounding errors lie below 1e-9; 1e-6 is what was asked of the experiment. The ratio of a fit's
errors is read where these lie above 1e-9 and an iterate is good to 1e-14, so that it is good to
1e-5. A gain of the rates that is within both bounds of zero is none. A fit near a fold is
convergent at a rate near one, and ends within its projected distance of 1e-8 over what that rate
leaves.

The references certify infima over mixing laws to 1e-11. A summit of D that was climbed at a linear
rate of .9 for 200 steps is 1e-9 from its place, and its height is right to the square of that;
1e-9 leaves room for slower ones. Tight is an interval of a thousandth of a nat.

At a width of 1e-8 the other component has a relative density of some 1e-7 there, which over
fourteen units of log sigma adds less than 1e-7 to a slope. Values of 1e14 are sums whose relative
error is a few u, and 2 sigma^2 d |log sigma| / G, what 2 sigma^2 OT / G lacks, is 1e-9 or less at
1e-7. Components without weight are not touched at all. Copies that differ by a last bit have grown
apart by the fifth power of a growth below four after five steps.
"""

from mixot.claims.verdict import Control, Part, Rule

_OTHER = "the rate of the other method"
_METHODS = (
    "EM",
    "EM, cooled",
    "EM after k-means",
    "Sinkhorn EM",
    "Sinkhorn EM, cooled",
    "EM after Sinkhorn EM",
    "EM, free weights",
    "EM, free weights, cooled",
    "EM, free weights, after k-means",
)

CLAIMS = {
    "H1": Rule(
        parts=(
            Part("boundary", "weight at which the library's m' touches m, against the fold", 1e-6),
            Part("image at the fold", "the library's step there, against standing still", 1e-6),
            Part("slope at the fold", "the library's slope there, against 1", 1e-6),
            Part("fit beside the fold", "where it ends, against the lowest fixed point", 1e-5),
            Part("Sinkhorn EM's fold above EM's", "violation of the order of the folds", 1e-6),
            Part("Sinkhorn EM's fold above one half", "weight, smallest", 1e-3, at_least=True),
            Part("EM's fold less Sinkhorn EM's", "weight, largest over separations"),
            Part("cells where EM has a spurious fixed point", "of the map"),
            Part("cells where Sinkhorn EM has one", "of the map"),
            Part("cells where Sinkhorn EM has one and EM has none", "of the map"),
        ),
        controls=(
            Control("the other's", "boundary", "the fold of the other method"),
            Control("elsewhere", "image at the fold", "the mirrored truth in place of the fold"),
            Control("at the truth", "slope at the fold", "the slope at the truth"),
            Control("reversed", "Sinkhorn EM's fold above EM's", "the inequality reversed"),
        ),
    ),
    "H2": Rule(
        parts=(
            Part("rate of em", "slope of the library's step against 1 - A", 1e-6),
            Part("rate of sinkhorn-em", "the same against 1 - A - c^2 / H", 1e-6),
            Part("fit by em", "ratio of a fit's last errors against 1 - A", 1e-5),
            Part("fit by sinkhorn-em", "the same against 1 - A - c^2 / H", 1e-5),
            Part("violation", "rate of Sinkhorn EM above that of EM", 2e-6),
            Part("difference at equal weights", "of the two rates", 2e-6),
            Part("gain", "rate of EM less that of Sinkhorn EM, at unequal weights"),
        ),
        controls=(
            Control("the other's", "rate of em", _OTHER),
            Control("the other's", "rate of sinkhorn-em", _OTHER),
            Control("the other's", "fit by em", _OTHER),
            Control("the other's", "fit by sinkhorn-em", _OTHER),
            Control("reversed", "violation", "the inequality reversed"),
            Control("unequal", "difference at equal weights", "the weights .7 and .3"),
        ),
    ),
    "N4": Rule(
        parts=(
            Part("infimum below the own interval", "bound of a fit by its own D", 1e-10),
            Part("infimum below the tight interval", "bound by the best weights on a grid", 1e-10),
            Part("infimum above the interval", "what was reached, below the infimum", 1e-10),
            Part("log sup D", "the library's against the references'", 1e-9),
            Part("width of the tight interval", "nats", 1e-3),
            Part("the references' gap", "their own log sup D, nats", 1e-11),
            Part("certified distance", "of EM from the best mixture of any order, nats, largest"),
            Part("distance", "the same, by the references"),
        ),
        controls=(
            Control("own components", "infimum below the own interval", "D at its own components"),
            Control("own components", "infimum below the tight interval", "D at its own atoms"),
            Control("lower end", "infimum above the interval", "its lower end for its upper"),
            Control("own components", "log sup D", "D at its own components"),
        ),
    ),
    "N5": Rule(
        parts=(Part("slope", "of log D over |log sigma|, against what shrinks", 1e-6),),
        controls=(Control("wide", "slope", "widths between .3 and .03"),),
    ),
    "O1": Rule(
        parts=(Part("slope", "n times that of NLL over log sigma, against d", 1e-7),),
        controls=(
            Control("one dimension", "slope", "1 / n in place of d / n"),
            Control("wide", "slope", "widths between .3 and .03"),
            Control("balanced", "slope", "the balanced value in place of NLL"),
        ),
    ),
    "O2": Rule(
        parts=(
            Part("outside the enclosure", "OT outside [LP, LP + H(pi)], at any width", 1e-12),
            Part("coefficient", "2 sigma^2 OT / G against 1", 1e-8),
            Part("slope at the weight of the observations hit", "n times it, against d", 1e-6),
            Part("narrowness where Sinkhorn EM ends", "the sample's deviation over the smallest"),
        ),
        controls=(
            Control("likelihood", "outside the enclosure", "NLL in place of OT"),
            Control("likelihood", "coefficient", "NLL in place of OT"),
        ),
    ),
    "O3": Rule(
        parts=(
            Part("weight", "of the component without any, along the fit", 1e-15),
            Part("parameters", "how far its parameters moved", 1e-15),
            Part("the others", "against EM without it", 1e-9),
        ),
        controls=(
            Control("a little weight", "weight", "a millionth"),
            Control("a little weight", "parameters", "a millionth"),
            Control("a little weight", "the others", "a millionth"),
        ),
    ),
    "O6": Rule(
        parts=(
            Part("difference of the copies", "after a fit", 1e-12),
            Part("growth", "of their distance in a step, against the eigenvalue", 1e-6),
            Part("rate of growth", "largest eigenvalue, above one a saddle"),
            Part("likelihood gained", "nats, by copies that are slightly apart, largest"),
        ),
        controls=(
            Control("slightly apart", "difference of the copies", "copies 1e-6 apart"),
            Control("hard clusters", "growth", "the variance of the hard cluster"),
            Control("none", "growth", "no growth"),
        ),
    ),
    "Q": Rule(
        parts=(
            *(Part(f"failures, {m}", "share of starts, worst design") for m in _METHODS),
            *(Part(f"{m} ahead of EM, lower end", "95 %, best design") for m in _METHODS[1:]),
            *(Part(f"{m} behind EM, lower end", "95 %, worst design") for m in _METHODS[1:]),
            *(Part(f"median iterations, {m}", "worst design") for m in _METHODS),
            Part("fit_restarts above the best, free weights", "nats, worst design"),
        ),
    ),
}
