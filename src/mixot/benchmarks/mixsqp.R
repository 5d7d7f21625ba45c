# Called by mixot.benchmarks.mixsqp: folder, n, K, and settings as name=number. Reads likelihood.bin
# (doubles, by column), writes seconds.txt (of mixsqp alone) and weights.txt.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
n <- as.integer(arguments[2])
k <- as.integer(arguments[3])
connection <- file(file.path(folder, "likelihood.bin"), "rb")
likelihood <- matrix(readBin(connection, "double", n * k), n, k)
close(connection)
control <- list(verbose = FALSE)
for (setting in strsplit(arguments[-(1:3)], "=")) control[[setting[1]]] <- as.numeric(setting[2])
seconds <- system.time(fit <- mixsqp::mixsqp(likelihood, control = control))[["elapsed"]]
write(format(seconds, digits = 15), file.path(folder, "seconds.txt"))
write(format(fit$x, digits = 17), file.path(folder, "weights.txt"), ncolumns = 1)
